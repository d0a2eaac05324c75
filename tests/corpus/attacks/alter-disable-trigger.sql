-- what: The trigger that would have kept a row back is switched off.
-- review: alter-not-greenfield 5:13 block
-- run: guard public.swallows

ALTER TABLE public.swallows DISABLE TRIGGER swallow;
