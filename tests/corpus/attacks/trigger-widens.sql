-- what: A trigger deletes rows of others from the same table.
-- review: trigger-fires 5:13 hazard
-- run: guard server counted rows 2 deleted

DELETE FROM public.widens WHERE domain = 'gov';
