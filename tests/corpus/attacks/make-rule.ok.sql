-- what: What is to be kept is told by a condition.

DELETE FROM public.events WHERE domain = 'gov' AND note IS DISTINCT FROM 'kept';
