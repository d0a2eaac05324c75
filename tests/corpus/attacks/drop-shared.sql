-- what: A shared table is dropped.
-- review: drop-not-greenfield 5:12 block
-- run: guard public.grows

DROP TABLE public.grows;
