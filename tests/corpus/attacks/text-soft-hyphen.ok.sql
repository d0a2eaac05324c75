-- what: A real hyphen in a text.

DELETE FROM public.events WHERE domain = 'gov' AND code = 'a-b';
