-- what: UPDATE … SET DEFAULT calls the default again for each row.
-- review: none a default that is named only by the word DEFAULT is not followed
-- run: residue sequence public.tickets

UPDATE public.grows SET ticket = DEFAULT WHERE domain = 'gov';
