-- what: Rows are marked, then deleted, inside the key both times.

UPDATE public.events SET note = 'going' WHERE domain = 'gov';
DELETE FROM public.events WHERE domain = 'gov' AND note = 'going';
