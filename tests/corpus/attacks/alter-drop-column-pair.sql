-- what: A column of this phase goes, and an index that others built on it goes along.
-- review: parent-before-child 6:39 block
-- run: guard widths_pair
-- open: run the books do not say on which columns an index stands

ALTER TABLE public.widths DROP COLUMN added;
