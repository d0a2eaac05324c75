-- what: A declared table, named without its schema.

DELETE FROM fresh_child;
