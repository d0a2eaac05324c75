-- what: The key is asked of the joined table.
-- review: outside-key 5:8 block
-- run: guard rest-events

UPDATE public.events AS e SET note = c.domain FROM public.calm AS c WHERE c.domain = 'gov' AND e.id = c.id + 10;
