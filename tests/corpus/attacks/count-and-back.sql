-- what: Changed and changed back: every census says the same.
-- review: write-on-protected 7:8 block
-- review: write-on-protected 8:8 block
-- run: guard accounts
-- open: run the guard is not there yet

UPDATE public.accounts SET balance = balance + 1;
UPDATE public.accounts SET balance = balance - 1;
