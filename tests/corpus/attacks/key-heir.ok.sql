-- what: The table alone.

DELETE FROM ONLY public.root_rows WHERE domain = 'gov';
