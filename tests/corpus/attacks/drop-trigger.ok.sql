-- what: A row that the trigger does not see.

UPDATE public.swallows SET id = 20 WHERE domain = 'gov' AND id = 1;
