-- what: The whole session becomes somebody else.
-- review: timeouts-are-ours 6:1 block
-- run: seal actual SET
-- role: superuser

SET SESSION AUTHORIZATION corpus_desk;
