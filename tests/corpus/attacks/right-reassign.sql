-- what: Everything is given to somebody else.
-- review: unreviewed-statement 6:1 block
-- run: guard expected command tag
-- role: superuser

REASSIGN OWNED BY corpus_desk TO postgres;
