-- what: The statement itself, inside the key.

DELETE FROM public.events WHERE domain = 'gov';
