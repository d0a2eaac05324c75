-- what: A trigger that nobody declared is dropped.
-- review: undeclared-object 6:14 block
-- run: guard swallow
-- open: run the guard is not there yet

DROP TRIGGER swallow ON public.swallows;
