-- what: Both columns of the key.

DELETE FROM public.shots WHERE tenant = 't1' AND origin = 'o1';
