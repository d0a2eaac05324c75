-- what: The delete is inside the key; its trigger takes a ticket.
-- review: trigger-fires 6:13 block
-- run: residue sequence public.tickets
-- open: review the rule is not there yet

DELETE FROM public.counts WHERE domain = 'gov';
