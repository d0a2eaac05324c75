-- what: Another isolation level than the one the guards were written for.
-- review: timeouts-are-ours 5:1 block
-- run: seal is for the console alone to send

SET TRANSACTION ISOLATION LEVEL SERIALIZABLE;
DELETE FROM public.events WHERE domain = 'gov';
