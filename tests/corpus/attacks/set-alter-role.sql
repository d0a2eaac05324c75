-- what: The role is given a setting for all its later sessions.
-- review: unreviewed-statement 5:1 block
-- run: guard expected command tag

ALTER ROLE corpus_desk SET statement_timeout = 0;
