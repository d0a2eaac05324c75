-- what: The name is right, and IF EXISTS is not needed.
-- hazard: if-exists

DROP TABLE IF EXISTS public.fresh_child;
