-- what: MERGE deletes what it matches.
-- review: outside-key 5:12 block
-- run: guard rest-events

MERGE INTO public.events AS e USING public.calm AS c ON c.id = e.id - 10 WHEN MATCHED THEN DELETE;
