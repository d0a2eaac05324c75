-- what: A protected table is written to without changing a value.
-- review: write-on-protected 6:8 block
-- run: guard accounts
-- open: run the guard is not there yet

UPDATE public.accounts SET balance = balance;
