-- what: The function of others that shares its name with one of this phase.
-- review: drop-not-greenfield 5:15 hazard
-- run: cannot a plan names functions without their arguments

DROP FUNCTION public.fresh_twice(text);
