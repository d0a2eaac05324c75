-- what: Escapes spell another value.
-- review: outside-key 5:13 block
-- run: guard rest-events

DELETE FROM public.events WHERE domain = E'\x47ov';
