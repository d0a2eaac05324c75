-- what: A view that only shows.

SELECT count(*) FROM public.v_events;
