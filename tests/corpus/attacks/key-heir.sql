-- what: An heir of the table, which nobody declared, holds rows too.
-- review: undeclared-heir 5:13 block
-- run: guard public.stray_rows

DELETE FROM public.root_rows WHERE domain = 'gov';
