-- what: A trigger that keeps every later row out.
-- review: trigger-reverted 5:16 block
-- run: guard public.events

CREATE TRIGGER keep_out BEFORE INSERT ON public.events FOR EACH ROW EXECUTE FUNCTION public.swallow();
