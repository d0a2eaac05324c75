-- what: A column whose second letter is Cyrillic.
-- review: invisible-text 5:26 block
-- run: server does not exist

UPDATE public.events SET nоte = 'x' WHERE domain = 'gov';
