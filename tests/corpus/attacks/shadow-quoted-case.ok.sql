-- what: An unquoted name in capitals is the same table.

DELETE FROM PUBLIC.EVENTS WHERE DOMAIN = 'gov';
