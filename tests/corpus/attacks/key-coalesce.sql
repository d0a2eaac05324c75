-- what: A function swallows the answer of the key.
-- review: outside-key 5:13 block
-- run: guard rest-events

DELETE FROM public.events WHERE coalesce(nullif(domain = 'gov', false), true);
