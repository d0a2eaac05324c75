-- what: A table of this phase is read where it stands.

SELECT count(*) FROM public.fresh_alone;
