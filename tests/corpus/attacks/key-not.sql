-- what: Two denials let others in.
-- review: outside-key 5:13 block
-- run: guard rest-events

DELETE FROM public.events WHERE NOT (NOT (domain = 'gov') AND domain = 'nothing');
