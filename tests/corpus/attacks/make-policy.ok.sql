-- what: What is hidden is a condition of this statement.

DELETE FROM public.calm WHERE domain = 'gov' AND id = 9;
