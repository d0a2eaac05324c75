-- what: A sequence is set far ahead.
-- review: function-call 6:8 block
-- run: residue sequence public.tickets
-- open: run the guard is not there yet

SELECT pg_catalog.setval('public.tickets', 1000000);
