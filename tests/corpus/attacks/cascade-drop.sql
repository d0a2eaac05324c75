-- what: CASCADE takes what hangs on the table, whatever that is.
-- review: cascade 5:1 block
-- run: guard unexpected NOTICE

DROP TABLE public.fresh CASCADE;
