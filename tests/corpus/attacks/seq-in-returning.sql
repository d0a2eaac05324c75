-- what: The call stands in RETURNING, after everything one reads.
-- review: function-call 5:62 block
-- run: residue sequence public.tickets

DELETE FROM public.events WHERE domain = 'gov' RETURNING id, nextval('public.tickets');
