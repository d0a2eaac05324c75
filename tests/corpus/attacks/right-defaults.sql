-- what: Whatever is made later belongs to everybody.
-- review: unreviewed-statement 5:1 block
-- run: guard expected command tag

ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT ALL ON TABLES TO PUBLIC;
