-- what: The key, and OR true behind it.
-- review: outside-key 5:13 block
-- run: guard rest-events

DELETE FROM public.events WHERE domain = 'gov' OR true;
