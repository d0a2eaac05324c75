-- what: The table stands in another schema, and IF EXISTS calls that a success.
-- review: undeclared-object 5:22 block
-- run: guard unexpected NOTICE

DROP TABLE IF EXISTS gone;
