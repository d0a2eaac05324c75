-- what: A schema with all that is in it.
-- review: cascade 5:1 block
-- run: guard unexpected NOTICE

DROP SCHEMA elsewhere CASCADE;
