-- what: A column of this phase goes, and an index that others built on it goes along.
-- review: parent-before-child 5:39 block
-- run: cannot the books do not say on which columns an index stands

ALTER TABLE public.widths DROP COLUMN added;
