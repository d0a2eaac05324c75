-- what: A protected table is described anew.
-- review: write-on-protected 5:18 block
-- run: guard definition-accounts: table accounts: comment was added

COMMENT ON TABLE public.accounts IS 'free for all';
