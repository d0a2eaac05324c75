-- what: An array holds one value more than the key.
-- review: outside-key 5:13 block
-- run: guard rest-events

DELETE FROM public.events WHERE domain = ANY (ARRAY['gov', 'shop']);
