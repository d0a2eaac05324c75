-- what: A strict collation beside the key.

DELETE FROM public.events WHERE domain = 'gov' AND code = 'a' COLLATE "C";
