-- what: Two statements in the console's own transaction.

DELETE FROM public.events WHERE domain = 'gov' AND id = 1;
DELETE FROM public.events WHERE domain = 'gov' AND id = 2;
