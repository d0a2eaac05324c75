-- what: The trigger says its own words.
-- hazard: trigger-fires
-- notice: 1 WARNING row 1 is in use

DELETE FROM public.noisy WHERE domain = 'gov' AND id = 1;
