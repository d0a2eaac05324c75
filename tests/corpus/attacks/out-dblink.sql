-- what: Another connection writes, and commits by itself.
-- review: function-call 6:8 block
-- run: server refused
-- open: review the rule is not there yet

SELECT dblink_exec('dbname=postgres', 'CREATE TABLE left_behind ()');
