-- what: Another superuser.
-- review: unreviewed-statement 6:1 block
-- run: guard expected command tag
-- role: superuser

CREATE ROLE corpus_second SUPERUSER LOGIN;
