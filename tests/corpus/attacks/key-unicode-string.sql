-- what: Unicode escapes spell another value.
-- review: outside-key 5:13 block
-- run: guard rest-events

DELETE FROM public.events WHERE domain = U&'gov\0020';
