-- what: The schema of the runbook is named outright.

DELETE FROM public.events WHERE domain = 'gov' AND id = 2;
