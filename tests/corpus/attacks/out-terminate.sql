-- what: A session is ended: this time the run's own.
-- review: function-call 5:8 block
-- run: guard connection was lost

SELECT pg_terminate_backend(pg_backend_pid());
