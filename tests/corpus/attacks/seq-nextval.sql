-- what: A sequence moves, and ROLLBACK does not move it back.
-- review: function-call 5:8 block
-- run: residue sequence public.tickets

SELECT nextval('public.tickets');
