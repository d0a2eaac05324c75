-- what: The value of a parameter holds a direction control.
-- review: outside-key 6:13 block
-- run: seal U+202E
-- bind: who=\u{202e}vog

DELETE FROM public.events WHERE domain = :'who';
