-- what: The table that is altered is not there.
-- review: undeclared-object 5:23 block
-- run: guard unexpected NOTICE

ALTER TABLE IF EXISTS public.frehs DROP COLUMN note;
