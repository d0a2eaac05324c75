-- what: The digit nought.

DELETE FROM public.events WHERE domain = 'gov' AND code <> '0';
