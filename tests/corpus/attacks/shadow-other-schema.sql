-- what: The same name in a schema nobody declared.
-- review: undeclared-object 5:13 block
-- run: guard undeclared effect: elsewhere.events

DELETE FROM elsewhere.events WHERE domain = 'gov';
