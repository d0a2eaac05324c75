-- what: The delete is inside the key; its trigger takes a ticket.
-- review: trigger-fires 5:13 block
-- run: residue sequence public.tickets

DELETE FROM public.counts WHERE domain = 'gov';
