-- what: Upper and lower case are the same.
-- review: outside-key 5:13 block
-- run: guard rest-beats

DELETE FROM public.beats WHERE executor ILIKE 'gov\_%';
