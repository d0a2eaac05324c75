-- what: The children of this phase first, then the parent.

DELETE FROM public.fresh_child;
DELETE FROM public.fresh;
