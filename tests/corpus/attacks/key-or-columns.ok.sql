-- what: OR between numbers, beside the key.

DELETE FROM public.shots WHERE tenant = 't1' AND origin = 'o1' AND (n = 1 OR n = 2);
