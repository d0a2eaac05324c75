-- what: A table of others becomes an heir, and is reached by every statement on the parent.
-- review: alter-not-greenfield 5:13 block
-- run: guard undeclared effect: public.calm

ALTER TABLE public.calm INHERIT public.root_rows;
