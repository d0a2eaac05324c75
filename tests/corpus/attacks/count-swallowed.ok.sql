-- what: The row that the trigger lets go.
-- hazard: trigger-fires
-- rows: 1 exactly 1

DELETE FROM public.swallows WHERE domain = 'gov' AND id = 1;
