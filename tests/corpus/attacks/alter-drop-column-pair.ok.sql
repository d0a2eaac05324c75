-- what: A column of this phase goes, and an index on it alone.

ALTER TABLE public.lengths DROP COLUMN added;
