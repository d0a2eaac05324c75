-- what: Roles are counted.
-- role: superuser

SELECT count(*) FROM pg_catalog.pg_roles;
