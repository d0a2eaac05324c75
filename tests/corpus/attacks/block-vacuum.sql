-- what: VACUUM begins transactions of its own.
-- review: not-in-a-transaction 5:1 block
-- run: server cannot run inside a transaction block

VACUUM public.events;
