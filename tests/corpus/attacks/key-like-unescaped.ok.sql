-- what: The underscore is escaped, as the key has it.

DELETE FROM public.beats WHERE executor LIKE 'gov\_%';
