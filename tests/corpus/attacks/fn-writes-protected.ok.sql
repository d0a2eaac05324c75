-- what: A function of this phase that computes.
-- hazard: function-call

SELECT public.fresh_fn();
