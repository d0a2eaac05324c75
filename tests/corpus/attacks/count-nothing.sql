-- what: The rows are gone already: nothing is deleted, and nothing fails.
-- review: outside-key 6:13 block
-- run: guard rows: expected exactly 4, actual 0
-- rows: 1 exactly 4

DELETE FROM public.events WHERE domain = 'gvo';
