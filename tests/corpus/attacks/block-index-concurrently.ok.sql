-- what: The declared index is dropped in the ordinary way.

DROP INDEX public.fresh_alone_note;
