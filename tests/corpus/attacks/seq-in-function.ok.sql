-- what: A function that only computes.
-- hazard: function-call

SELECT public.plus(1, 2);
