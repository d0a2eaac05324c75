-- what: A parameter beside the key.
-- bind: who=a

DELETE FROM public.events WHERE domain = 'gov' AND code = :'who';
