-- what: The column is emptied where it is ours.

UPDATE public.events SET note = NULL WHERE domain = 'gov' AND note IS NOT NULL;
