-- what: A function in a condition writes to a table nobody declared.
-- review: function-call 5:52 block
-- run: guard undeclared effect: public.secrets

DELETE FROM public.events WHERE domain = 'gov' AND public.writes_secret() = 1;
