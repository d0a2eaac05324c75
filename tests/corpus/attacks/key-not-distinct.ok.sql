-- what: IS DISTINCT FROM another value, beside the key.

DELETE FROM public.events WHERE domain = 'gov' AND note IS DISTINCT FROM 'kept';
