-- what: Four rows are there, and four go.
-- rows: 1 exactly 4

DELETE FROM public.events WHERE domain = 'gov';
