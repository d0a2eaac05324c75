-- what: A trigger's function, with its trigger.
-- review: undeclared-object 5:14 block
-- run: guard swallow

DROP TRIGGER swallow ON public.swallows;
