-- what: A view of this phase is dropped, not written to.

DROP VIEW public.v_fresh;
