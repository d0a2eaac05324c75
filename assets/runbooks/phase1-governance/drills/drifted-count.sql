-- Drill (97.9, 97.10): one of the eight governance relations is gone; the counts cannot be reconciled.
DELETE FROM public.governance_relations WHERE relation_code = 'supersedes';
