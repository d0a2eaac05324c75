-- what: A DO block says the words that are expected of the trigger.
-- review: unreviewed-statement 6:1 block
-- run: guard told of 0 rows on public.events
-- notice: 1 WARNING row 1 is in use

DO $$ BEGIN RAISE WARNING 'row 1 is in use'; DELETE FROM public.events WHERE id = 1; END $$;
