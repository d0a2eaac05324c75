-- what: Cyrillic words in a text are an ordinary language.

UPDATE public.events SET note = 'события' WHERE domain = 'gov';
