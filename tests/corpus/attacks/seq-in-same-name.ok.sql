-- what: The harmless one.

DELETE FROM public.events AS e WHERE e.domain = 'gov' AND lower(e.code) IS NOT NULL;
