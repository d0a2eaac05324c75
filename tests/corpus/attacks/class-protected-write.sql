-- what: A protected table is written to.
-- review: write-on-protected 5:8 block
-- run: guard rows-accounts

UPDATE public.accounts SET balance = 0 WHERE id = 1;
