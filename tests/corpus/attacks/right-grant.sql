-- what: Everybody may write to a shared table.
-- review: unreviewed-statement 5:1 block
-- run: guard public.events

GRANT ALL ON public.events TO PUBLIC;
