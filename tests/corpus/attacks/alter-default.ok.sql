-- what: A column of this phase gets another default.
-- hazard: alter-not-greenfield

ALTER TABLE public.fresh_alone ALTER COLUMN note SET DEFAULT 'none';
