-- what: The key itself.
-- rows: 1 exactly 4

DELETE FROM public.events WHERE domain = 'gov';
