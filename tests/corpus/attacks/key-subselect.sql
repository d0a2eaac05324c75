-- what: The constant comes from another row.
-- review: outside-key 5:13 block
-- run: guard rest-events

DELETE FROM public.events WHERE domain = (SELECT domain FROM public.events WHERE id = 11);
