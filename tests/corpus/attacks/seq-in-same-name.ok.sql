-- what: The harmless one, by its full name.

DELETE FROM public.events AS e WHERE e.domain = 'gov' AND pg_catalog.lower(e.code) IS NOT NULL;
