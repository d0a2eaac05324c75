-- what: A lock of the session that ROLLBACK does not give back.
-- review: function-call 6:8 block
-- run: guard advisory
-- open: review the rule is not there yet

SELECT pg_advisory_lock(42);
