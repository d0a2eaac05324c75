-- what: This phase's own table gets another column.
-- hazard: alter-not-greenfield

ALTER TABLE public.fresh_child ADD COLUMN more text;
