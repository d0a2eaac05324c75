-- what: A table is made that runs a function for each row.
-- review: undeclared-object 5:14 block
-- run: residue sequence public.tickets

CREATE TABLE public.taken AS SELECT public.ticket() FROM public.accounts;
