-- what: CASCADE behind REVOKE.
-- review: unreviewed-statement 5:1 block
-- run: guard public.events

REVOKE ALL ON public.events FROM corpus_desk CASCADE;
