-- what: A carriage return ends the comment for the server, and for no editor.
-- review: invisible-text 5:28 block
-- run: guard rest-events

-- A look at the rows firstDELETE FROM public.events WHERE domain = 'shop'
