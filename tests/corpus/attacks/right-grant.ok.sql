-- what: The word as a text.

UPDATE public.events SET note = 'GRANT ALL' WHERE domain = 'gov';
