-- what: Carriage return and line feed, as another system writes them.

-- A look at the rows first
DELETE FROM public.events WHERE domain = 'gov';
