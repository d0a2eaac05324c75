-- what: RESET ALL puts every pinned setting back.
-- review: timeouts-are-ours 5:1 block
-- run: seal is for the console alone to send

RESET ALL;
DELETE FROM public.events WHERE domain = 'gov';
