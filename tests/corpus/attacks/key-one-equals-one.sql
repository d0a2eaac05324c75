-- what: A comparison of constants.
-- review: outside-key 5:13 block
-- run: guard rest-events

DELETE FROM public.events WHERE 1 = 1;
