-- what: The key under the table's own alias.

DELETE FROM public.events AS e WHERE e.domain = 'gov' AND e.id < 10;
