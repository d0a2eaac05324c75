-- what: A denial beside the key.

DELETE FROM public.events WHERE domain = 'gov' AND NOT (code = 'c');
