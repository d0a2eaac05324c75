-- what: A table of the system catalog is read.

SELECT count(*) FROM pg_catalog.pg_depend;
