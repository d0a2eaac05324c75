-- what: A cast takes the padding away, and with it the difference.
-- review: outside-key 5:13 block
-- run: guard rest-events

DELETE FROM public.events WHERE domain::char(3) = 'gov';
