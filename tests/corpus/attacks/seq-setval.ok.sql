-- what: The largest number is only read.

UPDATE public.events SET note = (SELECT max(id) FROM public.fresh_alone)::text WHERE domain = 'gov';
