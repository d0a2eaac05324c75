-- what: The desk gets the rights of the server's own files.
-- review: unreviewed-statement 6:1 block
-- run: guard undeclared effect: pg_catalog.pg_auth_members
-- role: superuser

GRANT pg_write_server_files TO corpus_desk;
