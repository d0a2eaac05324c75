-- what: A row is given another name.

UPDATE public.events SET code = 'events_old' WHERE domain = 'gov' AND id = 1;
