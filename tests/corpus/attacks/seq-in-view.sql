-- what: A view takes a ticket for each row it shows.
-- review: function-call 7:20 block
-- run: residue sequence public.tickets
-- open: review the rule is not there yet
-- open: run the guard is not there yet

SELECT ticket FROM public.v_ticket;
