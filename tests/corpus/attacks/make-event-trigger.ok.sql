-- what: Event triggers are counted.
-- role: superuser

SELECT count(*) FROM pg_catalog.pg_event_trigger;
