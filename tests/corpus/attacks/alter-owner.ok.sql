-- what: The owner's name is read.
-- role: superuser

SELECT relowner FROM pg_catalog.pg_class WHERE relname = 'calm';
