-- what: The delete hides in a WITH query.
-- review: unreviewed-statement 6:1 block
-- review: blanket-delete 6:1 block
-- run: guard rest-events

WITH gone AS (DELETE FROM public.events RETURNING id) SELECT count(*) FROM gone;
