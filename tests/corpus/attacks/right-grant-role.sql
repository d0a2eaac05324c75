-- what: The desk gets the rights of the server's own files.
-- review: unreviewed-statement 6:1 block
-- run: guard expected command tag
-- role: superuser

GRANT pg_write_server_files TO corpus_desk;
