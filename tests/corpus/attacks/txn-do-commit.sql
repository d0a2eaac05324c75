-- what: A DO block that commits.
-- review: unreviewed-statement 5:1 block
-- run: server invalid transaction termination

DO $$ BEGIN DELETE FROM public.events WHERE domain = 'gov'; COMMIT; END $$;
