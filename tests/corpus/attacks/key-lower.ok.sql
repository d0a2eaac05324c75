-- what: The function beside the key.

DELETE FROM public.events WHERE domain = 'gov' AND upper(code) = 'A';
