-- what: The expected notice is said twice.
-- review: unreviewed-statement 6:1 block
-- run: guard expected 1 times, actual 2
-- notice: 1 NOTICE done

DO $$ BEGIN RAISE NOTICE 'done'; RAISE NOTICE 'done'; END $$;
