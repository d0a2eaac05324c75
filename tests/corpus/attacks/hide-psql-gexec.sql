-- what: Every row of the answer is sent as a statement.
-- review: syntax 5:67 block
-- run: seal psql command

SELECT format('DELETE FROM %I', relname) FROM pg_catalog.pg_class \gexec
