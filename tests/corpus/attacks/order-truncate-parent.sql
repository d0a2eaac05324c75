-- what: The parent is emptied while its child refers to it.
-- review: truncate-parent 6:10 block
-- run: server referenced in a foreign key constraint
-- open: review the rule is not there yet

TRUNCATE public.fresh;
