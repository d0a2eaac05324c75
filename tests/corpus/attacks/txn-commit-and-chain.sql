-- what: A chained COMMIT leaves a transaction open, so that the status byte looks well.
-- review: transaction-control 6:1 block
-- run: seal is for the console alone to send

DELETE FROM public.events WHERE domain = 'gov';
COMMIT AND CHAIN;
