-- what: A function is made whose body commits, for somebody to call later.
-- review: undeclared-object 5:17 block
-- run: guard undeclared effect: public.commits_later

CREATE FUNCTION public.commits_later() RETURNS void LANGUAGE plpgsql AS $$ BEGIN COMMIT; END $$;
