-- what: The same name in the catalog is a word in a text.

UPDATE public.events SET note = 'elsewhere.events' WHERE domain = 'gov';
