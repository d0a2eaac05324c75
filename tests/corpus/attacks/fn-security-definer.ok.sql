-- what: The vault is read.

SELECT count(*) FROM public.vault;
