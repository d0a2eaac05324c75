-- what: A condition that only compares.

DELETE FROM public.events WHERE domain = 'gov' AND upper('off') = 'OFF';
