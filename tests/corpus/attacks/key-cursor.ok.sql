-- what: The row by its number and the key.

DELETE FROM public.events WHERE domain = 'gov' AND id = 4;
