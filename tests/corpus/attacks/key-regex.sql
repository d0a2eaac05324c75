-- what: A regular expression that is wider than the pattern.
-- review: outside-key 5:13 block
-- run: guard rest-beats

DELETE FROM public.beats WHERE executor ~ '^gov';
