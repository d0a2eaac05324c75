-- what: Another connection writes, and commits by itself.
-- review: function-call 5:8 block
-- run: server refused

SELECT dblink_exec('dbname=postgres', 'CREATE TABLE left_behind ()');
