-- what: A function is made whose body commits, for somebody to call later.
-- review: undeclared-object 6:17 block
-- run: guard commits_later
-- open: run effects of creation are not judged yet

CREATE FUNCTION public.commits_later() RETURNS void LANGUAGE plpgsql AS $$ BEGIN COMMIT; END $$;
