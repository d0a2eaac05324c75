-- what: Two of this phase.

DROP INDEX public.fresh_alone_note;
DROP TABLE public.fresh_child;
