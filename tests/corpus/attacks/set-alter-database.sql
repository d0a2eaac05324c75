-- what: The database is given a setting for all later sessions.
-- review: unreviewed-statement 6:1 block
-- run: guard expected command tag
-- role: superuser

ALTER DATABASE template1 SET lock_timeout = 0;
