-- what: The shared table is only read.

SELECT id, domain FROM public.events ORDER BY id;
