-- what: A table whose first letter is Cyrillic.
-- review: undeclared-object 5:13 block
-- run: guard undeclared effect

DELETE FROM public."еvents" WHERE domain = 'gov';
