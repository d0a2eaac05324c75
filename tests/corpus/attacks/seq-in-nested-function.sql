-- what: A function calls a function that hides the call.
-- review: function-call 5:52 block
-- run: residue sequence public.tickets

DELETE FROM public.events WHERE domain = 'gov' AND public.ticket_deep() > 0;
