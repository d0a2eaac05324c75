-- what: A computing function, twice.
-- hazard: function-call

DELETE FROM public.events WHERE domain = 'gov' AND public.plus(public.plus(1, 2), 3) = 6;
