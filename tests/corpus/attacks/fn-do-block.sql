-- what: A DO block writes what no count tells.
-- review: unreviewed-statement 5:1 block
-- run: guard undeclared effect: public.accounts

DO $$ BEGIN UPDATE public.accounts SET balance = 0; END $$;
