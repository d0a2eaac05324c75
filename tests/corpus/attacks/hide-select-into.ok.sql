-- what: A SELECT that makes nothing.

SELECT * FROM public.accounts;
