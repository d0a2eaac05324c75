-- SB-11 (STEP 4): governance event types, inactive and without a handler: nothing is emitted in Phase 1.
INSERT INTO public.event_type_registry (event_type, event_domain, title, active, handler_ref, created_at) VALUES
    ('governance.candidate.found',  'governance', 'Governance candidate found', false, 'noop', '2026-06-01 02:30:00+00'),
    ('governance.exception.granted', 'governance', 'Exception granted',         false, 'noop', '2026-06-01 02:30:00+00'),
    ('governance.owner.assigned',   'governance', 'Owner assigned',             false, 'noop', '2026-06-01 02:30:00+00');
