-- what: Rows of this phase are made somebody else's, out of every later condition.
-- review: outside-key 5:8 hazard
-- run: guard rest-events

UPDATE public.events SET domain = 'shop' WHERE domain = 'gov';
