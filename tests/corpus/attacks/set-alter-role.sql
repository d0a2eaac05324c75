-- what: The role is given a setting for all its later sessions.
-- review: unreviewed-statement 6:1 block
-- run: guard role
-- open: run settings of roles are not compared yet

ALTER ROLE corpus_desk SET statement_timeout = 0;
