-- what: A function in a condition writes to a table nobody declared.
-- review: function-call 6:52 block
-- run: guard undeclared effect: public.secrets
-- open: review the rule is not there yet

DELETE FROM public.events WHERE domain = 'gov' AND public.writes_secret() = 1;
