-- what: A trigger writes to a table nobody declared.
-- review: trigger-fires 7:13 block
-- run: guard secrets
-- open: review the rule is not there yet
-- open: run the guard is not there yet

DELETE FROM public.tells WHERE domain = 'gov';
