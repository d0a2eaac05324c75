-- what: The event trigger that watches is switched off.
-- review: undeclared-object 6:21 block
-- run: guard see_index
-- role: superuser

ALTER EVENT TRIGGER see_index DISABLE;
