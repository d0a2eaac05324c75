-- what: One object the role owns.

DROP SEQUENCE public.fresh_number;
