-- what: The trigger stays on.
-- hazard: trigger-fires

DELETE FROM public.swallows WHERE domain = 'gov' AND id = 1;
