-- what: UPDATE … SET DEFAULT calls the default again for each row.
-- review: column-default 5:34 block
-- run: residue sequence public.tickets

UPDATE public.grows SET ticket = DEFAULT WHERE domain = 'gov';
