-- what: A WITH query sets the search path.
-- review: timeouts-are-ours 5:32 block
-- run: guard setting search_path

WITH s AS MATERIALIZED (SELECT pg_catalog.set_config('search_path', 'elsewhere', true) AS v)
DELETE FROM public.events USING s WHERE domain = 'gov' AND s.v IS NOT NULL;
