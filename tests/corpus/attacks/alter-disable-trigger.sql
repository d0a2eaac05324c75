-- what: The trigger that would have kept a row back is switched off.
-- review: alter-not-greenfield 6:13 block
-- run: guard public.swallows
-- open: run the guard is not there yet

ALTER TABLE public.swallows DISABLE TRIGGER swallow;
