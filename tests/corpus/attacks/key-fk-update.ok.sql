-- what: The parent's number stays as it is.

UPDATE public.fresh SET note = 'x' WHERE id = 1;
