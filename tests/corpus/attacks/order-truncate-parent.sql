-- what: The parent is emptied while its child refers to it.
-- review: parent-before-child 5:10 block
-- run: server referenced in a foreign key constraint

TRUNCATE public.fresh;
