-- what: The same table, only changed; its trigger sees deletes.

UPDATE public.waits SET id = id + 10 WHERE domain = 'gov';
