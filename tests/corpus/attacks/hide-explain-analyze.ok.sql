-- what: The explained statement itself, inside the key.

DELETE FROM public.events WHERE domain = 'gov' AND id = 3;
