-- what: The sequence of this phase is dropped.

DROP SEQUENCE public.fresh_number;
