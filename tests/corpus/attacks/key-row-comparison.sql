-- what: Rows are compared from the left: the second column hardly counts.
-- review: outside-key 5:13 block
-- run: guard rest-shots

DELETE FROM public.shots WHERE (tenant, origin) >= ('t1', 'o1');
