-- 97.3 and 97.7, SB-1 (STEP 6). Retired, never deleted: approval_requests.proposed_action_code holds a RESTRICT key.
-- The F-83-1 trigger fix is kept. Putting the no-argument definition back would block every later insert (97.5).
UPDATE public.apr_action_types
SET status = 'retired', retired_at = now()
WHERE action_code IN ('assign_governance_owner', 'grant_governance_exception', 'delegate_authority', 'assign_axis_owner')
  AND status = 'active';
