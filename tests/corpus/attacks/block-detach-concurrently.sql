-- what: A partition is detached in two transactions.
-- review: not-in-a-transaction 6:1 block
-- run: server cannot run inside a transaction block
-- since: 14

ALTER TABLE public.parted DETACH PARTITION public.parted_gov CONCURRENTLY;
