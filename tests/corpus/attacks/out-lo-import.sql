-- what: A file of the server is read into the database.
-- review: function-call 6:8 block
-- run: server permission denied for function lo_import
-- open: review the rule is not there yet

SELECT lo_import('/etc/hostname');
