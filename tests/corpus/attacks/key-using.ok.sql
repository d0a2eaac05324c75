-- what: The other table only chooses.

DELETE FROM public.fresh_child USING public.fresh AS f WHERE fresh_child.fresh_id = f.id;
