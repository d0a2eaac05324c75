-- Drill (97.10): governance_relations was altered. Its eight rows are all there; its definition is not what it was.
ALTER TABLE public.governance_relations ADD COLUMN weight integer NOT NULL DEFAULT 1;
