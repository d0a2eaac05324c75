-- what: The partition of this phase loses its rows.

DELETE FROM public.parted_gov WHERE region = 'gov' AND id = 1;
