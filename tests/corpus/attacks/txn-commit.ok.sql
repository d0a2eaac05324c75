-- what: The word commit stands in a text and in a name.

UPDATE public.events SET note = 'COMMIT;' WHERE domain = 'gov' AND code = 'commit';
