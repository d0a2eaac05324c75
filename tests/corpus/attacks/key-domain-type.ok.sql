-- what: Both, the padded one and the one of a domain.

DELETE FROM public.marks WHERE code = 'gov' AND tag = 'gov';
