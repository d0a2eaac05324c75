-- what: An ordinary comparison.

DELETE FROM public.events WHERE domain = 'gov' AND id <> 1;
