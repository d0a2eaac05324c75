-- what: VACUUM begins transactions of its own.
-- review: not-in-a-transaction 6:1 block
-- run: server cannot run inside a transaction block
-- open: review the rule is not there yet

VACUUM public.events;
