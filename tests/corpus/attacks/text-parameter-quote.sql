-- what: The value of a parameter tries to end the text it stands in.
-- review: outside-key 7:13 block
-- run: guard rows: expected exactly 4, actual 0
-- rows: 1 exactly 4
-- bind: who=gov' OR true --

DELETE FROM public.events WHERE domain = :'who';
