-- what: A large object is written to a file.
-- review: function-call 5:8 block
-- run: server permission denied for function lo_export

SELECT lo_export(1, '/tmp/object');
