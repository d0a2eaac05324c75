-- what: RELEASE of a savepoint that somebody else may have set.
-- review: transaction-control 6:1 block
-- run: seal actual RELEASE

DELETE FROM public.events WHERE domain = 'gov';
RELEASE SAVEPOINT here;
