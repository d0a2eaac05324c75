-- what: A trigger that writes to the growing log only.
-- hazard: trigger-fires

DELETE FROM public.calm WHERE domain = 'gov';
