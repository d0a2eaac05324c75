-- what: The view first, then the column.
-- hazard: alter-not-greenfield

DROP VIEW public.v_fresh;
ALTER TABLE public.fresh DROP COLUMN note;
