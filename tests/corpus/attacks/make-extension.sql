-- what: An extension is dropped, and with it all that it made.
-- review: undeclared-object 6:16 block
-- run: guard dblink
-- role: superuser

DROP EXTENSION dblink;
