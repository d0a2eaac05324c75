-- what: The index of this phase, which is there.
-- hazard: if-exists

DROP INDEX IF EXISTS public.fresh_alone_note;
