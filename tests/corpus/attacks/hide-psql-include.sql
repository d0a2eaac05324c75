-- what: Another file that nobody reviews.
-- review: syntax 5:1 block
-- run: seal psql command

\i other.sql
