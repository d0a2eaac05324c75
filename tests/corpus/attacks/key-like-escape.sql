-- what: Another escape character makes the backslash an ordinary one and the bang the escape.
-- review: outside-key 5:13 block
-- run: guard rest-beats

DELETE FROM public.beats WHERE executor LIKE 'go!v_%' ESCAPE '!';
