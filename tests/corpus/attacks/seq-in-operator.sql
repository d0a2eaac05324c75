-- what: An operator is a function call that does not look like one.
-- review: function-call 5:57 block
-- run: residue sequence public.tickets

DELETE FROM public.events WHERE domain = 'gov' AND code OPERATOR(public.===) 'a';
