-- what: A quoted name in capitals is another table.
-- review: undeclared-object 5:13 block
-- run: server does not exist

DELETE FROM public."Events" WHERE domain = 'gov';
