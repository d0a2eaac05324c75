-- 97.3, SB-12 (STEP 1). A body only: the console opens and ends the transaction, with the three timeouts set.
-- The origin key is bound when the reversal is staged, and must name exactly one row.
DELETE FROM public.evolution_snapshots WHERE origin_key = :'origin_key';

-- Without IF EXISTS, here and below: a missing target is a divergence to look into, not a success.
DROP TABLE public.governance_ruleset;
