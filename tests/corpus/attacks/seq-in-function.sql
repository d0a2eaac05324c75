-- what: A function hides the call.
-- review: function-call 6:8 block
-- run: residue sequence public.tickets
-- open: review the rule is not there yet

SELECT public.ticket();
