-- what: The work without the detour.

DELETE FROM public.events WHERE domain = 'gov' AND note IS NULL;
