-- what: CASCADE behind TRUNCATE empties every table that refers to it.
-- review: cascade 5:1 block
-- run: guard unexpected NOTICE

TRUNCATE public.fresh CASCADE;
