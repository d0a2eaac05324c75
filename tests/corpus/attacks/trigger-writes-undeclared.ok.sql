-- what: A trigger that may write to the growing log, and does not.
-- hazard: trigger-fires

DELETE FROM public.calm WHERE domain = 'gov' AND id = 1;
