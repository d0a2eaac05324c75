-- what: An index is built in several transactions.
-- review: not-in-a-transaction 5:1 block
-- run: server cannot run inside a transaction block

CREATE INDEX CONCURRENTLY fresh_alone_more ON public.fresh_alone (id, note);
