-- what: The call stands in RETURNING, after everything one reads.
-- review: function-call 6:62 block
-- run: residue sequence public.tickets
-- open: review the rule is not there yet

DELETE FROM public.events WHERE domain = 'gov' RETURNING id, nextval('public.tickets');
