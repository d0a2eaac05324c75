-- what: Behind a table of this phase stands one of others.
-- review: undeclared-object 5:32 block
-- run: guard undeclared effect: elsewhere.gone

DROP TABLE public.fresh_child, elsewhere.gone;
