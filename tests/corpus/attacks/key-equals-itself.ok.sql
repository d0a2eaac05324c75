-- what: Another column is compared with itself, beside the key.

DELETE FROM public.events WHERE domain = 'gov' AND code = code;
