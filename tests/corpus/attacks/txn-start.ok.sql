-- what: A comment tells to start a transaction; nothing does.

-- START TRANSACTION is the console's.
DELETE FROM public.events WHERE domain = 'gov';
