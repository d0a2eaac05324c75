-- what: A file of the server is read into the database.
-- review: function-call 5:8 block
-- run: server permission denied for function lo_import

SELECT lo_import('/etc/hostname');
