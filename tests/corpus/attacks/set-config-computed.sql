-- what: The name of the setting is put together.
-- review: timeouts-are-ours 5:8 block
-- run: guard setting row_security

SELECT set_config('row_' || 'security', 'off', true), set_config('row_' || 'security', 'on', true);
