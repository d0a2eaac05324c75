-- what: A superuser keeps to the key.
-- role: superuser

UPDATE public.events SET note = 'lock_timeout' WHERE domain = 'gov';
