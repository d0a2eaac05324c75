-- what: A materialized view of this phase is dropped.

DROP MATERIALIZED VIEW public.mv_fresh;
