-- what: The code itself is changed, so that nobody finds it.
-- review: outside-key 5:8 hazard
-- run: guard codes-rest

UPDATE public.codes SET code = 'Z' || code WHERE code IN ('A', 'B');
