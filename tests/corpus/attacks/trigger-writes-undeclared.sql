-- what: A trigger writes to a table nobody declared.
-- review: trigger-fires 6:13 block
-- run: guard undeclared effect: public.secrets
-- open: review the rule is not there yet

DELETE FROM public.tells WHERE domain = 'gov';
