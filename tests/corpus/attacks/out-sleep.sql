-- what: The locks are held while nothing happens.
-- review: function-call 5:52 block
-- run: server statement timeout

DELETE FROM public.events WHERE domain = 'gov' AND pg_sleep(60) IS NULL;
