-- what: The child first.

DROP TABLE public.fresh_child;
DROP VIEW public.v_fresh;
DROP TABLE public.fresh;
