-- what: Memberships are counted.
-- role: superuser

SELECT count(*) FROM pg_catalog.pg_auth_members;
