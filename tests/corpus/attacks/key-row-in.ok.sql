-- what: A list of numbers beside the key.

DELETE FROM public.shots WHERE tenant = 't1' AND origin = 'o1' AND n IN (1, 2);
