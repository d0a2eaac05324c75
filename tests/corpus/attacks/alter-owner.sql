-- what: A shared table is given to somebody else.
-- review: alter-not-greenfield 6:13 block
-- run: guard public.calm
-- role: superuser

ALTER TABLE public.calm OWNER TO postgres;
