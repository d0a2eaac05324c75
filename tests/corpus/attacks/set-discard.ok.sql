-- what: Rows are discarded by DELETE.

DELETE FROM public.fresh_alone;
