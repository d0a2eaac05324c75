-- what: A sequence nothing draws from.

DROP SEQUENCE public.fresh_number;
