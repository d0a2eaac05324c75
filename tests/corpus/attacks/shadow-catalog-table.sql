-- what: A table of the system catalog is written to.
-- review: undeclared-object 5:13 block
-- run: server permission denied

DELETE FROM pg_catalog.pg_depend;
