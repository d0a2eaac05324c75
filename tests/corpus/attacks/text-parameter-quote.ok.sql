-- what: A quote in a value stays a quote.
-- bind: who=it's ours

UPDATE public.events SET note = :'who' WHERE domain = 'gov';
