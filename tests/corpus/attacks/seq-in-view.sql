-- what: A view takes a ticket for each row it shows.
-- review: function-call 5:1 block
-- run: residue sequence public.tickets

SELECT ticket FROM public.v_ticket;
