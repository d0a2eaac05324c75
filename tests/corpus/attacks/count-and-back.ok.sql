-- what: Rows of this phase, changed and changed back.

UPDATE public.events SET id = id + 100 WHERE domain = 'gov';
UPDATE public.events SET id = id - 100 WHERE domain = 'gov';
