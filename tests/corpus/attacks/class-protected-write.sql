-- what: A protected table is written to.
-- review: write-on-protected 5:8 block
-- run: guard undeclared effect: public.accounts

UPDATE public.accounts SET balance = 0 WHERE id = 1;
