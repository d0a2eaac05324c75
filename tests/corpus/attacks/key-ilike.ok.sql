-- what: One value that the key holds, beside the key.

DELETE FROM public.beats WHERE executor LIKE 'gov\_%' AND executor = 'gov_a';
