-- what: The partition of this phase.

DELETE FROM public.parted_gov WHERE region = 'gov';
