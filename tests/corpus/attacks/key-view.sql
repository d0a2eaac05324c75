-- what: A view writes to the table behind it.
-- review: write-on-protected 5:13 block
-- run: guard told of 0 rows on public.events

DELETE FROM public.v_events WHERE id > 10;
