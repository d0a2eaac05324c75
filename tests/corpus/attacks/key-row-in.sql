-- what: A second pair stands in the list.
-- review: outside-key 5:13 block
-- run: guard rest-shots

DELETE FROM public.shots WHERE (tenant, origin) IN (('t1', 'o1'), ('t2', 'o2'));
