-- what: A function of the database that only computes.
-- hazard: function-call

UPDATE public.events SET note = public.plus(1, 2)::text WHERE domain = 'gov';
