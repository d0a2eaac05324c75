-- what: One row of this phase answers for all.
-- review: outside-key 5:13 block
-- run: guard rest-events

DELETE FROM public.events WHERE EXISTS (SELECT FROM public.events AS e WHERE e.domain = 'gov');
