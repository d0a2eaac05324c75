-- what: The declared index is dropped in several transactions.
-- review: not-in-a-transaction 5:1 block
-- run: server cannot run inside a transaction block

DROP INDEX CONCURRENTLY public.fresh_alone_note;
