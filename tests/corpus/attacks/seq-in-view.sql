-- what: A view takes a ticket for each row it shows.
-- review: function-call 6:20 block
-- run: residue sequence public.tickets
-- open: review the rule is not there yet

SELECT ticket FROM public.v_ticket;
