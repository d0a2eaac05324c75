-- what: A session is ended: this time the run's own.
-- review: function-call 6:8 block
-- run: guard connection was lost
-- open: review the rule is not there yet

SELECT pg_terminate_backend(pg_backend_pid());
