-- what: Nobody loses a right; a row is retired.

UPDATE public.codes SET status = 'revoked' WHERE code = 'A';
