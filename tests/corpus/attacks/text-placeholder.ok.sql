-- what: A comparison with two signs that look like a gap.

DELETE FROM public.events WHERE domain = 'gov' AND id < 3 AND id > 1;
