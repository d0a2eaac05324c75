-- SB-10 (STEP 3): candidates for governance, the scans that found them, and the objects they speak of.
CREATE TABLE public.governance_candidate_state (
    candidate_code text PRIMARY KEY,
    ruleset_code   text NOT NULL REFERENCES public.governance_ruleset (ruleset_code),
    state          text NOT NULL CHECK (state IN ('found', 'accepted', 'dismissed'))
);

CREATE TABLE public.candidate_scan_run (
    scan_code      text PRIMARY KEY,
    last_candidate text REFERENCES public.governance_candidate_state (candidate_code),
    started_at     timestamptz NOT NULL,
    found          integer NOT NULL
);

-- Optional in the runbook; this build materializes it.
CREATE TABLE public.governance_candidate_object (
    candidate_code text NOT NULL REFERENCES public.governance_candidate_state (candidate_code),
    object_code    text NOT NULL,
    PRIMARY KEY (candidate_code, object_code)
);

INSERT INTO public.governance_candidate_state (candidate_code, ruleset_code, state)
SELECT 'C-' || lpad(n::text, 3, '0'), 'r1', 'found' FROM generate_series(1, 12) AS n;

INSERT INTO public.candidate_scan_run (scan_code, last_candidate, started_at, found) VALUES
    ('SCAN-001', 'C-012', '2026-06-01 02:20:00+00', 12);

INSERT INTO public.governance_candidate_object (candidate_code, object_code)
SELECT 'C-' || lpad(n::text, 3, '0'), 'E-' || lpad((n * 101)::text, 7, '0') FROM generate_series(1, 12) AS n;
