-- what: A parent whose children have no action of their own.

DELETE FROM public.fresh WHERE id = 2;
