-- what: One after the other, each by its name.

DROP VIEW public.v_fresh;
DROP TABLE public.fresh_child;
DROP TABLE public.fresh;
