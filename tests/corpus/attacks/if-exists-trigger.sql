-- what: A trigger that is not there is dropped with success.
-- review: undeclared-object 5:24 block
-- run: guard unexpected NOTICE

DROP TRIGGER IF EXISTS guard_events ON public.events;
