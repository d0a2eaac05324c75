-- what: UPDATE … SET DEFAULT calls the default again for each row.
-- review: column-default 6:34 block
-- run: residue sequence public.tickets
-- open: review the rule is not there yet

UPDATE public.grows SET ticket = DEFAULT WHERE domain = 'gov';
