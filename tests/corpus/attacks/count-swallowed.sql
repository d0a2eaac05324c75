-- what: A trigger keeps a row back, and the delete looks like a success.
-- review: none the trigger writes nothing; what it keeps back shows in the count
-- run: guard rows: expected exactly 2, actual 1
-- rows: 1 exactly 2

DELETE FROM public.swallows WHERE domain = 'gov';
