-- what: The backslash is gone before LIKE sees it.
-- review: outside-key 5:13 block
-- run: guard rest-beats

DELETE FROM public.beats WHERE executor LIKE E'gov\_%';
