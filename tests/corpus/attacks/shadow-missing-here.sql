-- what: A table that stands in another schema only, named without one.
-- review: undeclared-object 6:13 block
-- review: unqualified-name 6:13 block
-- run: server does not exist

DELETE FROM gone;
