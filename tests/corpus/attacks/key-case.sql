-- what: CASE names the key and answers true anyway.
-- review: outside-key 5:13 block
-- run: guard rest-events

DELETE FROM public.events WHERE CASE WHEN domain = 'gov' THEN true ELSE true END;
