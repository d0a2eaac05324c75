-- what: A row is put in, and its default takes a ticket.
-- review: outside-key 6:13 block
-- run: residue sequence public.tickets
-- open: run the guard is not there yet

INSERT INTO public.grows (id, domain) VALUES (3, 'gov');
