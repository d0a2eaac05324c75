-- what: Row security is switched off.
-- review: alter-not-greenfield 6:13 block
-- run: guard public.hidden_rows
-- role: superuser

ALTER TABLE public.hidden_rows DISABLE ROW LEVEL SECURITY;
