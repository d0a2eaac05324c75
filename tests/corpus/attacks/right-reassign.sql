-- what: Everything is given to somebody else.
-- review: unreviewed-statement 6:1 block
-- run: guard undeclared effect
-- role: superuser

REASSIGN OWNED BY corpus_desk TO postgres;
