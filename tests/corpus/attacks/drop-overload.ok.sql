-- what: The one function of its name.

DROP FUNCTION public.fresh_fn();
