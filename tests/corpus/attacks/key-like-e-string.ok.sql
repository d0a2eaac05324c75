-- what: A narrower condition beside the key.

DELETE FROM public.beats WHERE executor LIKE 'gov\_%' AND kind = 'x';
