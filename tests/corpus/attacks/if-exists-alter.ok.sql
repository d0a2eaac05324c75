-- what: A column of this phase's own table goes.
-- hazard: alter-not-greenfield

ALTER TABLE public.fresh_child DROP COLUMN fresh_id;
