-- what: A backslash seems to keep the quote open: not in an ordinary text.
-- review: write-on-protected 5:71 block
-- run: guard undeclared effect: public.accounts

UPDATE public.events SET note = '\' WHERE domain = 'gov'; DELETE FROM public.accounts WHERE id = 1; --'
