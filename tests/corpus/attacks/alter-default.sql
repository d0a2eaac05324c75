-- what: A protected column gets another default.
-- review: write-on-protected 5:13 block
-- run: guard public.accounts

ALTER TABLE public.accounts ALTER COLUMN balance SET DEFAULT 0;
