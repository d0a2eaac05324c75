-- what: Rows of this phase go; no trigger is made.

DELETE FROM public.events WHERE domain = 'gov' AND code = 'd';
