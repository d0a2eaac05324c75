-- what: A table without policies.

DELETE FROM public.calm WHERE domain = 'gov' AND id = 5;
