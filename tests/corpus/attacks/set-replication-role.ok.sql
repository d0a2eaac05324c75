-- what: The trigger is let to fire, and does nothing here.
-- hazard: trigger-fires
-- role: superuser

DELETE FROM public.calm WHERE domain = 'gov';
