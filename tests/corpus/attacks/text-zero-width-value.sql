-- what: A value that looks like the key and is not.
-- review: outside-key 7:13 block
-- review: invisible-text 7:46 hazard
-- run: guard rows: expected exactly 4, actual 0
-- rows: 1 exactly 4

DELETE FROM public.events WHERE domain = 'gov​';
