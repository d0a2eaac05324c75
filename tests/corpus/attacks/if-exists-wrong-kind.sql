-- what: The wrong verb: a table is dropped as a view.
-- review: wrong-kind 5:21 block
-- run: server is not a view

DROP VIEW IF EXISTS public.fresh_child;
