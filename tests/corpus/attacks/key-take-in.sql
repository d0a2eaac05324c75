-- what: Rows of others are made this phase's, to be deleted by the next statement.
-- review: outside-key 5:8 block
-- run: guard rest-events

UPDATE public.events SET domain = 'gov' WHERE domain = 'shop';
DELETE FROM public.events WHERE domain = 'gov';
