-- what: The same rows by their key.

DELETE FROM public.events WHERE domain = 'gov' AND id IN (1, 2);
