-- what: The path is a text.

UPDATE public.events SET note = '/tmp/rows' WHERE domain = 'gov';
