-- what: An array of codes beside the key.

DELETE FROM public.events WHERE domain = 'gov' AND code = ANY (ARRAY['a', 'b']);
