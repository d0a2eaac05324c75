-- what: The locks are held while nothing happens.
-- review: function-call 6:52 block
-- run: server statement timeout
-- open: review the rule is not there yet

DELETE FROM public.events WHERE domain = 'gov' AND pg_sleep(60) IS NULL;
