-- what: The same function beside the key.

DELETE FROM public.events WHERE domain = 'gov' AND coalesce(note, '') <> 'kept';
