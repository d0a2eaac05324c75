-- what: An operator is a function call that does not look like one.
-- review: function-call 6:57 block
-- run: residue sequence public.tickets
-- open: review the rule is not there yet

DELETE FROM public.events WHERE domain = 'gov' AND code OPERATOR(public.===) 'a';
