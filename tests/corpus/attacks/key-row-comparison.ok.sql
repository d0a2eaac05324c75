-- what: The third column beside the key.

DELETE FROM public.shots WHERE tenant = 't1' AND origin = 'o1' AND n >= 2;
