-- what: A constraint is met by the right order.

DELETE FROM public.fresh_child WHERE fresh_id = 1;
DELETE FROM public.fresh WHERE id = 1;
