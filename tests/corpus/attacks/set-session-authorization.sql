-- what: The whole session becomes somebody else.
-- review: timeouts-are-ours 6:1 block
-- run: seal is for the console alone to send
-- role: superuser

SET SESSION AUTHORIZATION corpus_desk;
