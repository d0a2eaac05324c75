-- what: A procedure that commits.
-- review: unreviewed-statement 5:1 block
-- run: server invalid transaction termination

CALL public.commits();
