-- what: Another isolation level than the one the guards were written for.
-- review: timeouts-are-ours 5:1 block
-- run: seal actual SET

SET TRANSACTION ISOLATION LEVEL SERIALIZABLE;
DELETE FROM public.events WHERE domain = 'gov';
