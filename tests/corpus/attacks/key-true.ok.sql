-- what: The same condition beside the key.

DELETE FROM public.events WHERE domain = 'gov' AND true;
