-- what: A shared table is given to somebody else.
-- review: alter-not-greenfield 7:13 block
-- run: guard public.calm
-- role: superuser
-- open: run the guard is not there yet

ALTER TABLE public.calm OWNER TO postgres;
