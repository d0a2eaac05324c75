-- what: The declared index is dropped in several transactions.
-- review: not-in-a-transaction 6:1 block
-- run: server cannot run inside a transaction block
-- open: review the rule is not there yet

DROP INDEX CONCURRENTLY public.fresh_alone_note;
