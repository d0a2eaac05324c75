-- what: The status is changed.

UPDATE public.codes SET status = 'held' WHERE code = 'B';
