-- what: A protected table is read.

SELECT sum(balance) FROM public.accounts;
