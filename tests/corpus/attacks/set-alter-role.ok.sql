-- what: A row says so, and no role.

UPDATE public.events SET note = 'ALTER ROLE' WHERE domain = 'gov' AND id = 4;
