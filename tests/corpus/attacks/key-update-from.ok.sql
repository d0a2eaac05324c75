-- what: The joined table only gives a value.

UPDATE public.fresh_child AS c SET fresh_id = f.id FROM public.fresh AS f WHERE f.note = 'two';
