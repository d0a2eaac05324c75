-- what: A function hides the call.
-- review: function-call 5:8 block
-- run: residue sequence public.tickets

SELECT public.ticket();
