-- 97.3, SB-10 (STEP 3). Children first. SB-12's ruleset, which the last table references, stays as it is.
DROP TABLE public.candidate_scan_run;

-- The only IF EXISTS of this runbook: an optional object table, dropped if it was materialized.
DROP TABLE IF EXISTS public.governance_candidate_object;

DROP TABLE public.governance_candidate_state;
