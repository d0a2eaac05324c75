-- what: A savepoint takes back a part of the work, and nobody sees which.
-- review: transaction-control 6:1 block
-- review: transaction-control 8:1 block
-- run: seal is for the console alone to send

SAVEPOINT here;
DELETE FROM public.events WHERE domain = 'gov';
ROLLBACK TO SAVEPOINT here;
