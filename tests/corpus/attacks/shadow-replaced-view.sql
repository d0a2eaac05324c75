-- what: A protected view is given another query.
-- review: write-on-protected 5:24 block
-- run: guard public.v_events

CREATE OR REPLACE VIEW public.v_events AS SELECT id, domain, note FROM public.events WHERE false;
