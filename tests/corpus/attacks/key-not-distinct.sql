-- what: IS NOT DISTINCT FROM itself holds for every row.
-- review: outside-key 5:13 block
-- run: guard rest-events

DELETE FROM public.events WHERE domain IS NOT DISTINCT FROM domain;
