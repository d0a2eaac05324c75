-- Drill (97.4): somebody hung a table on SB-2's scope that the runbook does not know.
CREATE TABLE public.scope_review_note (
    note_code  text PRIMARY KEY,
    scope_code text NOT NULL REFERENCES public.governance_responsibility_scope (scope_code),
    note       text NOT NULL
);
INSERT INTO public.scope_review_note (note_code, scope_code, note) VALUES ('N-1', 'records', 'Reviewed by the archive team');
