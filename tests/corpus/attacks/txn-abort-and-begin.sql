-- what: ABORT, and a transaction of the script's own.
-- review: transaction-control 6:1 block
-- review: transaction-control 7:1 block
-- run: seal is for the console alone to send

ABORT;
BEGIN;
DELETE FROM public.events WHERE domain = 'gov';
