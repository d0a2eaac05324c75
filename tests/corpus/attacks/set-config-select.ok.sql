-- what: A setting is read, and not set.

UPDATE public.events SET note = to_char(now(), 'YYYY') WHERE domain = 'gov';
