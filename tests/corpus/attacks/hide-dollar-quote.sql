-- what: A dollar quote seems to hold the statement, and has ended.
-- review: write-on-protected 5:79 block
-- run: guard undeclared effect: public.accounts

UPDATE public.events SET note = $a$ $b$ $a$ WHERE domain = 'gov'; DELETE FROM public.accounts WHERE id = 1; -- $b$
