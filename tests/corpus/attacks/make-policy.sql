-- what: A policy that hides rows from everybody else.
-- review: unreviewed-statement 6:1 block
-- run: guard public.calm
-- open: run the guard is not there yet

CREATE POLICY hide ON public.calm USING (false);
