-- what: OR between the two columns of the key.
-- review: outside-key 5:13 block
-- run: guard rest-shots

DELETE FROM public.shots WHERE tenant = 't1' OR origin = 'o1';
