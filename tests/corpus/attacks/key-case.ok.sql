-- what: CASE beside the key.

DELETE FROM public.events WHERE domain = 'gov' AND CASE WHEN code = 'a' THEN true ELSE false END;
