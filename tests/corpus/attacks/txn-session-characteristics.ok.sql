-- what: The words as a value.

UPDATE public.events SET note = 'READ ONLY' WHERE domain = 'gov' AND id = 2;
