-- what: END is COMMIT by another name.
-- review: transaction-control 6:1 block
-- run: seal actual COMMIT

DELETE FROM public.events WHERE domain = 'gov';
END;
