-- what: Every later transaction of the session becomes read only.
-- review: timeouts-are-ours 5:1 block
-- run: seal is for the console alone to send

SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY;
