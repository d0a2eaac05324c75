-- what: One of the two codes.

UPDATE public.codes SET status = 'retired' WHERE code = 'A';
