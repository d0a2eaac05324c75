-- what: A tab.

DELETE FROM public.events WHERE	domain = 'gov';
