-- what: A sub-select chooses among this phase's rows.

DELETE FROM public.events WHERE domain = 'gov' AND id IN (SELECT fresh_id FROM public.fresh_child);
