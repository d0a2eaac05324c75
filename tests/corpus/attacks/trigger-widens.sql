-- what: A trigger deletes rows of others from the same table.
-- review: trigger-fires 6:13 hazard
-- run: guard server counted rows 2 deleted
-- open: review the rule is not there yet

DELETE FROM public.widens WHERE domain = 'gov';
