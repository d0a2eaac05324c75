-- what: Every later transaction of the session becomes read only.
-- review: timeouts-are-ours 5:1 block
-- run: seal actual SET

SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY;
