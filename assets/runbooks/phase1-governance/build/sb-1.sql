-- SB-1 (STEP 6): the birth trigger is wired as it should have been (F-83-1), then four action types are added (6 to 10).
-- Two [TRIGGER-GUARD] warnings are expected: one for the DROP, one for the CREATE.
DROP TRIGGER trg_birth_apr_action_types ON public.apr_action_types;

CREATE TRIGGER trg_birth_apr_action_types AFTER INSERT ON public.apr_action_types
    FOR EACH ROW EXECUTE FUNCTION public.fn_birth_registry_auto('action_code');

INSERT INTO public.apr_action_types (action_code, title, created_at) VALUES
    ('assign_governance_owner',    'Assign a governance owner',    '2026-06-01 02:50:00+00'),
    ('grant_governance_exception', 'Grant a governance exception', '2026-06-01 02:50:00+00'),
    ('delegate_authority',         'Delegate authority',           '2026-06-01 02:50:00+00'),
    ('assign_axis_owner',          'Assign an axis owner',         '2026-06-01 02:50:00+00');

-- The first request in the new vocabulary: from here on, deleting its action type would break the RESTRICT key.
INSERT INTO public.approval_requests (request_code, proposed_action_code, subject, state, requested_by, requested_at) VALUES
    ('APR-00241', 'assign_governance_owner', 'E-0000101', 'draft', 'hoa@example.test', '2026-06-01 03:00:00+00');
