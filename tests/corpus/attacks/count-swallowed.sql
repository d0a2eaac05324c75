-- what: A trigger keeps a row back, and the delete looks like a success.
-- review: trigger-fires 7:13 hazard
-- run: guard rows: expected exactly 2, actual 1
-- rows: 1 exactly 2
-- open: review the rule is not there yet

DELETE FROM public.swallows WHERE domain = 'gov';
