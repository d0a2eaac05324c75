-- what: A protected table is described anew.
-- review: write-on-protected 5:18 block
-- run: guard public.accounts

COMMENT ON TABLE public.accounts IS 'free for all';
