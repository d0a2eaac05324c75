-- what: CASCADE behind a constraint takes the foreign key that needs it.
-- review: cascade 5:1 block
-- run: guard unexpected NOTICE

ALTER TABLE public.fresh DROP CONSTRAINT fresh_pkey CASCADE;
