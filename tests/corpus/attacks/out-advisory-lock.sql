-- what: A lock of the session that ROLLBACK does not give back.
-- review: function-call 5:8 block
-- run: guard advisory

SELECT pg_advisory_lock(42);
