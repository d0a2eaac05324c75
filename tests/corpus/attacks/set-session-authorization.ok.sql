-- what: The superuser deletes inside the key.
-- role: superuser

DELETE FROM public.events WHERE domain = 'gov';
