-- what: Defaults are counted.

SELECT count(*) FROM pg_catalog.pg_default_acl;
