-- what: START TRANSACTION only warns inside a transaction, and hides where the body ends.
-- review: transaction-control 5:1 block
-- run: seal is for the console alone to send

START TRANSACTION READ WRITE;
DELETE FROM public.events WHERE domain = 'gov';
