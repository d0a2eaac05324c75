-- what: A large object is written to a file.
-- review: function-call 6:8 block
-- run: server permission denied for function lo_export
-- open: review the rule is not there yet

SELECT lo_export(1, '/tmp/object');
