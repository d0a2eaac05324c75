-- what: The database is given a setting for all later sessions.
-- review: unreviewed-statement 7:1 block
-- run: guard setting
-- role: superuser
-- open: run settings of databases are not compared yet

ALTER DATABASE template1 SET lock_timeout = 0;
