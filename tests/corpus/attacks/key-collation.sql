-- what: A collation makes upper and lower case equal.
-- review: outside-key 5:13 block
-- run: guard rest-events

DELETE FROM public.events WHERE domain = 'gov' COLLATE public.loose;
