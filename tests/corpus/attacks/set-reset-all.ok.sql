-- what: A value is set back to NULL.

UPDATE public.events SET note = NULL WHERE domain = 'gov';
