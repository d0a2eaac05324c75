-- what: The role is given a setting for all its later sessions.
-- review: timeouts-are-ours 5:1 block
-- run: guard role

ALTER ROLE corpus_desk SET statement_timeout = 0;
