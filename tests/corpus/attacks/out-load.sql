-- what: A library is loaded into the server.
-- review: unreviewed-statement 5:1 block
-- run: server library

LOAD '/tmp/library';
