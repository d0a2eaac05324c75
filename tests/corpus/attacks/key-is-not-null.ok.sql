-- what: Another column is asked to be known.

DELETE FROM public.events WHERE domain = 'gov' AND code IS NOT NULL;
