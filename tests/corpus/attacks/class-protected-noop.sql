-- what: A protected table is written to without changing a value.
-- review: write-on-protected 5:8 block
-- run: guard undeclared effect: public.accounts

UPDATE public.accounts SET balance = balance;
