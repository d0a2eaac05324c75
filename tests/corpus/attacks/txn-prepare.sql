-- what: PREPARE TRANSACTION takes the work away from the session; it lives on by itself.
-- review: transaction-control 6:1 block
-- run: seal actual PREPARE TRANSACTION

DELETE FROM public.events WHERE domain = 'gov';
PREPARE TRANSACTION 'later';
