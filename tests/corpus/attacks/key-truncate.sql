-- what: The table is emptied without a single delete.
-- review: blanket-delete 6:10 block
-- run: guard rest-events
-- open: review the rule is not there yet

TRUNCATE public.events;
