-- what: Another superuser.
-- review: unreviewed-statement 6:1 block
-- run: guard undeclared effect: pg_catalog.pg_authid
-- role: superuser

CREATE ROLE corpus_second SUPERUSER LOGIN;
