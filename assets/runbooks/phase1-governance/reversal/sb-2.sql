-- 97.3, SB-2 (STEP 5). Views first, the gap before the view it reads; the child before its parent.
DROP VIEW public.v_object_owner_gap;

DROP VIEW public.v_object_effective_owner;

DROP TABLE public.governance_object_ownership;

DROP TABLE public.governance_responsibility_scope;
