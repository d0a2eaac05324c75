-- what: The same comparison beside the key.

DELETE FROM public.events WHERE 1 = 1 AND domain = 'gov';
