-- what: The name as it is.

DELETE FROM public."events" WHERE domain = 'gov';
