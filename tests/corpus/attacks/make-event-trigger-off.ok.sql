-- what: It stays on and has nothing to see.
-- role: superuser

DELETE FROM public.events WHERE domain = 'gov' AND id IN (1, 4);
