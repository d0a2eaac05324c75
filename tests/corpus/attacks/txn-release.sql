-- what: RELEASE of a savepoint that somebody else may have set.
-- review: transaction-control 6:1 block
-- run: seal is for the console alone to send

DELETE FROM public.events WHERE domain = 'gov';
RELEASE SAVEPOINT here;
