-- what: A table without rules.

DELETE FROM public.events WHERE domain = 'gov' AND id = 1;
