-- what: A table of this phase.

DELETE FROM public.fresh_child WHERE id = 1;
