-- what: Extensions are counted.
-- role: superuser

SELECT count(*) FROM pg_catalog.pg_extension;
