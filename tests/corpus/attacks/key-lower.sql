-- what: A function makes other values look like the key.
-- review: outside-key 5:13 block
-- run: guard rest-events

DELETE FROM public.events WHERE lower(domain) = 'gov';
