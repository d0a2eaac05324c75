-- what: Owners are counted.
-- role: superuser

SELECT count(DISTINCT relowner) FROM pg_catalog.pg_class;
