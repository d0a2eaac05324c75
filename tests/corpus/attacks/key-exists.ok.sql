-- what: EXISTS beside the key.

DELETE FROM public.events AS e WHERE e.domain = 'gov' AND EXISTS (SELECT FROM public.fresh AS f WHERE f.id = e.id);
