-- what: ABORT, and a transaction of the script's own.
-- review: transaction-control 6:1 block
-- review: transaction-control 7:1 block
-- run: seal actual ROLLBACK

ABORT;
BEGIN;
DELETE FROM public.events WHERE domain = 'gov';
