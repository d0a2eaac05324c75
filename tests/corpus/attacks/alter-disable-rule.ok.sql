-- what: A table without rules, changed.

UPDATE public.calm SET id = id + 10 WHERE domain = 'gov';
