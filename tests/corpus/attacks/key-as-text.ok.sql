-- what: The key, and such a text as a value of a column.

DELETE FROM public.events WHERE domain = 'gov' AND coalesce(note, '') <> 'domain = ''gov''';
