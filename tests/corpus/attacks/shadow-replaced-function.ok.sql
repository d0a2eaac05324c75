-- what: The function of this phase is dropped.

DROP FUNCTION public.fresh_fn();
