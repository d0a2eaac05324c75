-- what: Changed and changed back: every census says the same.
-- review: write-on-protected 6:8 block
-- review: write-on-protected 7:8 block
-- run: guard undeclared effect: public.accounts

UPDATE public.accounts SET balance = balance + 1;
UPDATE public.accounts SET balance = balance - 1;
