-- what: The server's own settings.
-- review: not-in-a-transaction 6:1 block
-- run: server cannot run inside a transaction block
-- role: superuser

ALTER SYSTEM SET fsync = off;
