-- what: A trigger that would act at COMMIT, after everything was verified.
-- review: trigger-fires 6:13 block
-- run: guard undeclared effect: public.accounts
-- open: review the rule is not there yet

DELETE FROM public.waits WHERE domain = 'gov';
