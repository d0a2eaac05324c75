-- what: RETURNING that only reads.

DELETE FROM public.events WHERE domain = 'gov' RETURNING id, upper(code);
