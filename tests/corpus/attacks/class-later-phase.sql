-- what: A table of a later phase, inside its key.
-- review: later-phase 5:13 block
-- run: guard rows-later_rows

DELETE FROM public.later_rows WHERE domain = 'gov';
