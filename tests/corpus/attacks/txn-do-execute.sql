-- what: A DO block puts the COMMIT together while it runs.
-- review: unreviewed-statement 5:1 block
-- run: server EXECUTE of transaction commands

DO $do$ BEGIN EXECUTE 'COM' || 'MIT'; END $do$;
