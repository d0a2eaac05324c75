-- what: The view of this phase, where it stands.
-- hazard: if-exists

DROP VIEW IF EXISTS public.v_fresh;
