-- what: Every number becomes something else where a stamp is wanted.
-- review: unreviewed-statement 5:1 block
-- run: guard expected command tag

CREATE CAST (public.stamp AS text) WITH INOUT AS IMPLICIT;
