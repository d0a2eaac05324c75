-- what: A prepared statement outlives ROLLBACK and runs under a name.
-- review: unreviewed-statement 6:1 block
-- review: unreviewed-statement 7:1 block
-- run: guard expected command tag , actual DELETE 10

PREPARE q AS DELETE FROM public.events;
EXECUTE q;
