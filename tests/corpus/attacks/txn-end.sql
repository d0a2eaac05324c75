-- what: END is COMMIT by another name.
-- review: transaction-control 6:1 block
-- run: seal is for the console alone to send

DELETE FROM public.events WHERE domain = 'gov';
END;
