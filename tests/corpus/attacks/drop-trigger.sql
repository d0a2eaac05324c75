-- what: A trigger that nobody declared is dropped.
-- review: undeclared-object 5:14 block
-- run: guard swallow

DROP TRIGGER swallow ON public.swallows;
