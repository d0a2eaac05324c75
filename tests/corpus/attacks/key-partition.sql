-- what: A partition of others is written to by its own name.
-- review: write-on-protected 5:13 block
-- run: guard rest-parted

DELETE FROM public.parted_rest WHERE region = 'shop';
