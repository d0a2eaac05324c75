-- what: OR inside parentheses, beside the key.

DELETE FROM public.events WHERE domain = 'gov' AND (code = 'a' OR true);
