-- what: More rows of this phase than anybody expected.
-- review: outside-key 6:13 block
-- run: guard rows: expected at most 3, actual 10
-- rows: 1 at_most 3

DELETE FROM public.events WHERE id > 0;
