-- what: AND joins two conditions.

DELETE FROM public.events WHERE domain = 'gov' AND code = 'chain';
