-- what: Sessions are only looked at.

SELECT count(*) FROM pg_catalog.pg_stat_activity;
