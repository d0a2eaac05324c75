-- what: PREPARE TRANSACTION takes the work away from the session; it lives on by itself.
-- review: transaction-control 6:1 block
-- run: seal is for the console alone to send

DELETE FROM public.events WHERE domain = 'gov';
PREPARE TRANSACTION 'later';
