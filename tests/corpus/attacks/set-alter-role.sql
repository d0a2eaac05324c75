-- what: The role is given a setting for all its later sessions.
-- review: timeouts-are-ours 5:1 block
-- run: guard undeclared effect: pg_catalog.pg_db_role_setting

ALTER ROLE corpus_desk SET statement_timeout = 0;
