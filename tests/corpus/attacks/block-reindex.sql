-- what: Every index of the database.
-- review: not-in-a-transaction 6:1 block
-- run: server cannot run inside a transaction block
-- role: superuser

REINDEX (VERBOSE) TABLE CONCURRENTLY public.events;
