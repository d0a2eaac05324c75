-- what: set_config is SET in an expression.
-- review: timeouts-are-ours 5:8 block
-- run: guard setting lock_timeout

SELECT set_config('lock_timeout', '1h', true);
