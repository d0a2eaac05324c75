-- what: A policy that hides rows from everybody else.
-- review: unreviewed-statement 5:1 block
-- run: guard public.calm

CREATE POLICY hide ON public.calm USING (false);
