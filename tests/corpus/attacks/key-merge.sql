-- what: MERGE deletes what it matches.
-- review: outside-key 6:12 block
-- run: guard rest-events
-- since: 15

MERGE INTO public.events AS e USING public.calm AS c ON c.id = e.id - 10 WHEN MATCHED THEN DELETE;
