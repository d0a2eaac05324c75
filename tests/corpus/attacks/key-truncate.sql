-- what: The table is emptied without a single delete.
-- review: blanket-delete 5:10 block
-- run: guard public.events was emptied

TRUNCATE public.events;
