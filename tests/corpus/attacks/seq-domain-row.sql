-- what: The check of a domain inside a row takes a ticket.
-- review: function-call 5:1 block
-- run: residue sequence public.tickets

SELECT '(x)'::public.holder;
