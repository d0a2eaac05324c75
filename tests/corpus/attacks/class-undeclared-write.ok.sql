-- what: A declared table of this phase is written to.

DELETE FROM public.fresh_child;
