-- what: RESET ALL puts every pinned setting back.
-- review: timeouts-are-ours 5:1 block
-- run: seal actual RESET

RESET ALL;
DELETE FROM public.events WHERE domain = 'gov';
