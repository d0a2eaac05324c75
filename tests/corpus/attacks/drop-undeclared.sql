-- what: A table nobody declared is dropped.
-- review: undeclared-object 5:12 block
-- run: guard undeclared effect: elsewhere.gone

DROP TABLE elsewhere.gone;
