-- what: A cast on a column outside the key.

DELETE FROM public.events WHERE domain = 'gov' AND id::text = '1';
