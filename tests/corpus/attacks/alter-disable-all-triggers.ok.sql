-- what: A parent of this phase is deleted with its foreign keys awake.
-- role: superuser

DELETE FROM public.fresh_child;
DELETE FROM public.fresh WHERE id = 1;
