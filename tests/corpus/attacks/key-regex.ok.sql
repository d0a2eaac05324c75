-- what: The regular expression beside the key.

DELETE FROM public.beats WHERE executor LIKE 'gov\_%' AND executor ~ '^gov';
