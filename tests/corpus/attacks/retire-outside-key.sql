-- what: A code of others is retired.
-- review: outside-key 5:8 block
-- run: guard codes-rest

UPDATE public.codes SET status = 'retired' WHERE code IN ('A', 'B', 'C');
