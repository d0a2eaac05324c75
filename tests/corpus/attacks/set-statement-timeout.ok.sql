-- what: A column of the same name as nothing.

UPDATE public.events SET code = 'statement_timeout' WHERE domain = 'gov' AND id = 1;
