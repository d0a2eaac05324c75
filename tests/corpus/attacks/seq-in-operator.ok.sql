-- what: The built-in operator, written in full.

DELETE FROM public.events WHERE domain = 'gov' AND code OPERATOR(pg_catalog.=) 'a';
