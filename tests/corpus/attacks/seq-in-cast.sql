-- what: A cast is a function call that does not look like one.
-- review: function-call 6:8 block
-- run: residue sequence public.tickets
-- open: review the rule is not there yet

SELECT (1)::int::public.stamp;
