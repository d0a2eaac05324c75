-- what: The parent alone is written to.

UPDATE ONLY public.root_rows SET id = 10 WHERE domain = 'gov';
