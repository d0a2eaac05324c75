-- what: The sequence of this phase is restarted.
-- hazard: alter-not-greenfield

ALTER SEQUENCE public.fresh_number RESTART WITH 500;
