-- what: A quote seems to hold the statement, and has ended.
-- review: write-on-protected 5:75 block
-- run: guard undeclared effect: public.accounts

UPDATE public.events SET note = 'it''s' WHERE domain = 'gov'; DELETE FROM public.accounts WHERE id = 1; --'
