-- what: A function in a condition that computes.
-- hazard: function-call

DELETE FROM public.events WHERE domain = 'gov' AND public.plus(id, 1) = 2;
