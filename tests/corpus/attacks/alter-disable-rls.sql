-- what: Row security is switched off.
-- review: alter-not-greenfield 7:13 block
-- run: guard public.hidden_rows
-- role: superuser
-- open: run the guard is not there yet

ALTER TABLE public.hidden_rows DISABLE ROW LEVEL SECURITY;
