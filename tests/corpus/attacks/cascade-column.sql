-- what: CASCADE behind a column takes the view that shows it.
-- review: cascade 5:1 block
-- run: guard unexpected NOTICE

ALTER TABLE public.fresh DROP COLUMN note CASCADE;
