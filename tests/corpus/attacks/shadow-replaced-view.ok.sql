-- what: The view of this phase is dropped.

DROP VIEW public.v_fresh;
