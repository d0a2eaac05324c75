-- what: A shared table is given another name.
-- review: alter-not-greenfield 5:13 block
-- run: guard public.calm

ALTER TABLE public.calm RENAME TO calm_old;
