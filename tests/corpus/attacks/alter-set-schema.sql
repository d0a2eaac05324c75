-- what: A shared table is moved out of sight.
-- review: alter-not-greenfield 5:13 block
-- run: guard public.calm

ALTER TABLE public.calm SET SCHEMA elsewhere;
