-- 97.3, SB-13 (STEP 2). The backslash keeps `governor_sync`, which is not governance: `_` alone matches any character.
DELETE FROM public.queue_heartbeat WHERE executor_name LIKE 'gov\_%';

DROP TABLE public.gov_worker_cursor;
