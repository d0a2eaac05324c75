-- what: The server's own counters are set to nothing.
-- review: function-call 6:8 block
-- run: server permission denied for function pg_stat_reset
-- open: review the rule is not there yet

SELECT pg_stat_reset();
