-- what: A built-in cast.

UPDATE public.events SET note = (1)::text WHERE domain = 'gov';
