-- what: A view writes to the table behind it.
-- review: write-on-protected 5:13 block
-- run: guard rest-events

DELETE FROM public.v_events WHERE id > 10;
