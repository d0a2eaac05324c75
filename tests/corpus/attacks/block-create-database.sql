-- what: A database is made.
-- review: not-in-a-transaction 6:1 block
-- run: server cannot run inside a transaction block
-- role: superuser

CREATE DATABASE elsewhere;
