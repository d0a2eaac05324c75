-- what: The database is given a setting for all later sessions.
-- review: timeouts-are-ours 6:1 block
-- run: guard undeclared effect: pg_catalog.pg_db_role_setting
-- role: superuser

ALTER DATABASE template1 SET lock_timeout = 0;
