-- what: A range of numbers beside the key.

DELETE FROM public.events WHERE domain = 'gov' AND id BETWEEN 1 AND 3;
