-- what: One row goes and another comes: the count is right.
-- review: outside-key 6:13 block
-- review: outside-key 7:13 block
-- run: guard rest-events

DELETE FROM public.events WHERE id = 11;
INSERT INTO public.events VALUES (21, 'shop', 'a');
