-- what: The name is mistyped, and IF EXISTS calls it a success.
-- review: undeclared-object 5:22 block
-- run: guard unexpected NOTICE

DROP TABLE IF EXISTS public.frehs_child;
