-- what: A sequence moves, and ROLLBACK does not move it back.
-- review: function-call 6:8 block
-- run: residue sequence public.tickets
-- open: review the rule is not there yet

SELECT nextval('public.tickets');
