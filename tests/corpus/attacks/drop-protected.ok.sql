-- what: A protected table is locked against nothing, and read.

SELECT max(balance) FROM public.accounts;
