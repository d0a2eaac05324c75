-- what: The key is a text in a text, compared with nothing.
-- review: outside-key 5:13 block
-- run: guard rest-events

DELETE FROM public.events WHERE 'domain = ''gov''' <> '';
