-- what: The partition of others is taken out of the table.
-- review: alter-not-greenfield 5:13 block
-- run: guard public.parted

ALTER TABLE public.parted DETACH PARTITION public.parted_rest;
