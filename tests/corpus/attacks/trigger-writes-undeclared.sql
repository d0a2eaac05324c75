-- what: A trigger writes to a table nobody declared.
-- review: trigger-fires 5:13 block
-- run: guard undeclared effect: public.secrets

DELETE FROM public.tells WHERE domain = 'gov';
