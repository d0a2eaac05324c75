-- what: The words are a text.
-- role: superuser

UPDATE public.events SET note = 'ALTER SYSTEM SET fsync = off' WHERE domain = 'gov';
