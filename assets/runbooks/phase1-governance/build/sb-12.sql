-- SB-12 (STEP 1): the governance ruleset, and its fingerprint among the evolution snapshots.
CREATE TABLE public.governance_ruleset (
    ruleset_code text PRIMARY KEY,
    title        text NOT NULL,
    rules        jsonb NOT NULL,
    adopted_at   timestamptz NOT NULL
);

INSERT INTO public.governance_ruleset (ruleset_code, title, rules, adopted_at) VALUES
    ('r1', 'Phase 1 ruleset', '{"owner_required": true, "exception_days": 30, "delegation_depth": 1}', '2026-06-01 02:00:00+00');

INSERT INTO public.evolution_snapshots (origin_key, subject, fingerprint, taken_at)
SELECT 'governance_ruleset:fingerprint:r1', 'governance ruleset r1', md5(r.rules::text), '2026-06-01 02:00:00+00'
FROM public.governance_ruleset AS r
WHERE r.ruleset_code = 'r1';
