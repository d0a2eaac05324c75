-- what: An INSERT changes rows that are there.
-- review: outside-key 5:13 block
-- run: guard rest-events

INSERT INTO public.events VALUES (11, 'gov', 'z') ON CONFLICT (id) DO UPDATE SET note = 'taken';
