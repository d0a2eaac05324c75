-- what: A protected table is dropped.
-- review: drop-not-greenfield 5:12 block
-- run: guard public.kids_gone

DROP TABLE public.kids_gone;
