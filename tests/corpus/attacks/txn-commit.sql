-- what: A COMMIT in the body would make the ROLLBACK of a rehearsal do nothing.
-- review: transaction-control 6:1 block
-- run: seal is for the console alone to send

DELETE FROM public.events WHERE domain = 'gov';
COMMIT;
