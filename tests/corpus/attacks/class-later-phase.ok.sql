-- what: The table of this phase with the same key.

DELETE FROM public.grows WHERE domain = 'gov';
