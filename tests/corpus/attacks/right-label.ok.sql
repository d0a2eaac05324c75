-- what: A function of this phase is dropped by its full name.

DROP FUNCTION IF EXISTS public.fresh_fn();
