-- what: The value itself is set.

UPDATE public.grows SET ticket = 0 WHERE domain = 'gov';
