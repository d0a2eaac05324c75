-- what: A trigger warns that the row is in use.
-- review: trigger-fires 6:13 hazard
-- run: guard unexpected WARNING
-- open: review the rule is not there yet

DELETE FROM public.noisy WHERE domain = 'gov';
