-- what: No notice is expected, and none comes.

DELETE FROM public.events WHERE domain = 'gov' AND code = 'b';
