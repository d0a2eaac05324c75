-- what: A cast that is there already.

UPDATE public.events SET note = CAST(id AS text) WHERE domain = 'gov';
