-- what: A range from the key to far beyond it.
-- review: outside-key 5:13 block
-- run: guard rest-events

DELETE FROM public.events WHERE domain BETWEEN 'gov' AND 'govz';
