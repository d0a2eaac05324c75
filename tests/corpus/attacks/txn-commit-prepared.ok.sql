-- what: A note that reads so.

UPDATE public.events SET note = 'COMMIT PREPARED ''later''' WHERE domain = 'gov' AND id = 1;
