-- SB-13 (STEP 2): where each governance worker stands, and the workers' heartbeats.
CREATE TABLE public.gov_worker_cursor (
    worker_name text PRIMARY KEY,
    position    bigint NOT NULL DEFAULT 0,
    moved_at    timestamptz
);

INSERT INTO public.gov_worker_cursor (worker_name) VALUES ('gov_candidate_scanner'), ('gov_ownership_resolver');

INSERT INTO public.queue_heartbeat (executor_name, queue, last_beat_at, state) VALUES
    ('gov_candidate_scanner',  'governance', '2026-06-01 02:10:00+00', 'idle'),
    ('gov_ownership_resolver', 'governance', '2026-06-01 02:10:00+00', 'idle');
