-- what: As many as expected.
-- rows: 1 at_most 4

DELETE FROM public.events WHERE domain = 'gov' AND id > 0;
