-- what: The ledger's own entries, by one whom no privilege stops.
-- review: undeclared-object 6:10 block
-- run: server refused
-- role: superuser

TRUNCATE countersign.entry;
