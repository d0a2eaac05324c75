-- what: The table itself.

DELETE FROM public.events WHERE domain = 'gov' AND id > 1;
