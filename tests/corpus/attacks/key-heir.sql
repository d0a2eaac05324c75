-- what: An heir of the table, which nobody declared, holds rows too.
-- review: undeclared-heir 6:13 block
-- run: guard public.stray_rows
-- open: review the rule is not there yet

DELETE FROM public.root_rows WHERE domain = 'gov';
