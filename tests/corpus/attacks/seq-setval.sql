-- what: A sequence is set far ahead.
-- review: function-call 5:8 block
-- run: residue sequence public.tickets

SELECT pg_catalog.setval('public.tickets', 1000000);
