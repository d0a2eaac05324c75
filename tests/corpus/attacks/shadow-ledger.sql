-- what: The ledger's own entries.
-- review: undeclared-object 5:13 block
-- run: server refused

DELETE FROM countersign.entry;
