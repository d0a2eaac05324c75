-- what: A trigger that would act at COMMIT, after everything was verified.
-- review: trigger-fires 5:13 block
-- run: guard undeclared effect: public.accounts

DELETE FROM public.waits WHERE domain = 'gov';
