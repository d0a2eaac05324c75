-- what: A function of the database loosens the timeout.
-- review: function-call 5:52 block
-- run: guard setting statement_timeout

DELETE FROM public.events WHERE domain = 'gov' AND public.loosen() = '0';
