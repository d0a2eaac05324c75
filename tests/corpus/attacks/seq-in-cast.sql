-- what: A cast is a function call that does not look like one.
-- review: function-call 5:16 block
-- run: residue sequence public.tickets

SELECT (1)::int::public.stamp;
