-- what: Every row.
-- review: blanket-delete 5:1 block
-- run: guard rest-events

DELETE FROM public.events;
