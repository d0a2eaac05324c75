-- what: A row is put in, and its default takes a ticket.
-- review: outside-key 5:13 block
-- run: residue sequence public.tickets

INSERT INTO public.grows (id, domain) VALUES (3, 'gov');
