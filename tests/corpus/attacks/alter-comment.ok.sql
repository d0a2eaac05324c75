-- what: A table of this phase is described.
-- hazard: alter-not-greenfield

COMMENT ON TABLE public.fresh_alone IS 'going';
