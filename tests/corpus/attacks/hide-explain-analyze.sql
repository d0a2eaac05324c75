-- what: EXPLAIN runs what it explains.
-- review: unreviewed-statement 5:1 block
-- run: guard public.accounts

EXPLAIN (ANALYZE) DELETE FROM public.accounts;
