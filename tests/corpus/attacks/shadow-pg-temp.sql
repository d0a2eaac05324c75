-- what: The temporary schema is named outright.
-- review: temporary-object 5:13 block
-- run: server does not exist

DELETE FROM pg_temp.events WHERE domain = 'gov';
