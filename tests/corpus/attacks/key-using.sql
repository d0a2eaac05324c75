-- what: The key is asked of another table.
-- review: outside-key 5:13 block
-- run: guard rest-events

DELETE FROM public.events USING public.calm AS c WHERE c.domain = 'gov';
