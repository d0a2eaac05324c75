-- Drill (97.6, 97.10): a governance event was emitted, in violation of Phase 1.
INSERT INTO public.event_outbox (event_domain, event_type, payload, created_at) VALUES
    ('governance', 'governance.owner.assigned', '{"object": "E-0000101", "owner": "role-1"}', '2026-06-02 04:00:00+00');
