-- what: A constraint nothing needs.
-- hazard: alter-not-greenfield

ALTER TABLE public.fresh_child DROP CONSTRAINT fresh_child_pkey;
