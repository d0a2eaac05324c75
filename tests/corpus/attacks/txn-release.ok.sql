-- what: A code that is called release.

DELETE FROM public.events WHERE domain = 'gov' AND code = 'release';
