-- what: The harmless one is called.

UPDATE public.events SET note = pg_catalog.upper(code) WHERE domain = 'gov';
