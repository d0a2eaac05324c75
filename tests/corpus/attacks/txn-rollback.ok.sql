-- what: A column value that reads rollback.

DELETE FROM public.events WHERE domain = 'gov' AND note = 'rollback';
