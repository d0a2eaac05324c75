-- what: The underscore stands for any character.
-- review: outside-key 5:13 block
-- run: guard rest-beats

DELETE FROM public.beats WHERE executor LIKE 'gov_%';
