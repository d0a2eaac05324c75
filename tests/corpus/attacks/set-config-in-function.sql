-- what: A function of the database loosens the timeout.
-- review: function-call 6:52 block
-- run: guard setting statement_timeout
-- open: review the rule is not there yet

DELETE FROM public.events WHERE domain = 'gov' AND public.loosen() = '0';
