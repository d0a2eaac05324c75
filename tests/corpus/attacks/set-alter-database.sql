-- what: The database is given a setting for all later sessions.
-- review: unreviewed-statement 6:1 block
-- run: guard setting
-- role: superuser

ALTER DATABASE template1 SET lock_timeout = 0;
