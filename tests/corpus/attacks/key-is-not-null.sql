-- what: The answer of the key is only asked to be known.
-- review: outside-key 5:13 block
-- run: guard rest-events

DELETE FROM public.events WHERE (domain = 'gov') IS NOT NULL;
