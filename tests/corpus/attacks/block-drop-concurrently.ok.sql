-- what: The index goes, and the rows with it.

DROP INDEX public.fresh_alone_note;
TRUNCATE public.fresh_alone;
