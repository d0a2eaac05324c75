-- what: A domain inside nothing, and without a check.

SELECT 'x'::public.label;
