-- what: A condition that holds for every row.
-- review: outside-key 5:13 block
-- run: guard rest-events

DELETE FROM public.events WHERE true;
