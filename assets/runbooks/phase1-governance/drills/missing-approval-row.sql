-- Drill (97.10): SB-2 stands committed without the row that authorises it.
DELETE FROM public.os_proposal_approvals WHERE step_id = 'SB-2';
