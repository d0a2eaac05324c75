-- what: A function calls a function that hides the call.
-- review: function-call 6:52 block
-- run: residue sequence public.tickets
-- open: review the rule is not there yet

DELETE FROM public.events WHERE domain = 'gov' AND public.ticket_deep() > 0;
