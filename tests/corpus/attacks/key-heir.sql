-- what: An heir of the table, which nobody declared, holds rows too.
-- review: none the name of the parent says nothing of its heirs
-- run: guard public.stray_rows

DELETE FROM public.root_rows WHERE domain = 'gov';
