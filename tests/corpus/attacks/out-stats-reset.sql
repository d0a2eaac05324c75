-- what: The server's own counters are set to nothing.
-- review: function-call 5:8 block
-- run: server permission denied for function pg_stat_reset

SELECT pg_stat_reset();
