-- what: A trigger keeps a row back, and the delete looks like a success.
-- review: trigger-fires 6:13 hazard
-- run: guard rows: expected exactly 2, actual 1
-- rows: 1 exactly 2

DELETE FROM public.swallows WHERE domain = 'gov';
