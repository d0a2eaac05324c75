-- what: A database is made.
-- review: not-in-a-transaction 7:1 block
-- run: server cannot run inside a transaction block
-- role: superuser
-- open: review the rule is not there yet

CREATE DATABASE elsewhere;
