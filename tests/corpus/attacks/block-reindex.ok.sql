-- what: Nothing is built again.
-- role: superuser

SELECT count(*) FROM pg_catalog.pg_index;
