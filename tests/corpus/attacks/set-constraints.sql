-- what: Checks are put off until after the verification.
-- review: timeouts-are-ours 5:1 block
-- run: seal is for the console alone to send

SET CONSTRAINTS ALL DEFERRED;
DELETE FROM public.events WHERE domain = 'gov';
