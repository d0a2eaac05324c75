-- what: Rows from a file of whoever runs it.
-- review: syntax 5:1 block
-- run: seal psql command

\copy public.fresh_alone from 'rows.tsv'
