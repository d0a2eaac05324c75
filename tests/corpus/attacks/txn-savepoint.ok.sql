-- what: The same work, whole.

DELETE FROM public.events WHERE domain = 'gov';
