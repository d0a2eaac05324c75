-- what: Every index of the database.
-- review: not-in-a-transaction 7:1 block
-- run: server cannot run inside a transaction block
-- role: superuser
-- open: review the rule is not there yet

REINDEX (VERBOSE) TABLE CONCURRENTLY public.events;
