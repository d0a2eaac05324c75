-- what: Every row is changed.
-- review: blanket-delete 5:1 block
-- run: guard rest-events

UPDATE public.events SET note = 'x';
