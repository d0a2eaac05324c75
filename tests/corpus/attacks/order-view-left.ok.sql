-- what: All three in one statement and one before it.

DROP VIEW public.v_fresh;
DROP TABLE public.fresh_child, public.fresh;
