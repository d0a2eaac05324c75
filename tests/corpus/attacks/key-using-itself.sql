-- what: The key is asked of the same table under another name.
-- review: outside-key 5:13 block
-- run: guard rest-events

DELETE FROM public.events AS e USING public.events AS x WHERE x.domain = 'gov' AND e.id > 10;
