-- SB-2 (STEP 5): who answers for what, and the two views over it.
CREATE TABLE public.governance_responsibility_scope (
    scope_code text PRIMARY KEY,
    title      text NOT NULL
);

CREATE TABLE public.governance_object_ownership (
    object_code text PRIMARY KEY,
    scope_code  text NOT NULL REFERENCES public.governance_responsibility_scope (scope_code),
    owner_code  text
);

CREATE VIEW public.v_object_effective_owner AS
SELECT o.object_code, s.scope_code, s.title AS scope_title, o.owner_code
FROM public.governance_object_ownership AS o
JOIN public.governance_responsibility_scope AS s ON s.scope_code = o.scope_code;

CREATE VIEW public.v_object_owner_gap AS
SELECT e.object_code, e.scope_code FROM public.v_object_effective_owner AS e WHERE e.owner_code IS NULL;

INSERT INTO public.governance_responsibility_scope (scope_code, title) VALUES
    ('knowledge', 'Knowledge base'), ('operations', 'Daily operations'), ('records', 'Records and archives');

INSERT INTO public.governance_object_ownership (object_code, scope_code, owner_code)
SELECT 'E-' || lpad((n * 101)::text, 7, '0'),
       (ARRAY['knowledge', 'operations', 'records'])[1 + n % 3],
       CASE WHEN n % 4 = 0 THEN NULL ELSE 'role-' || n % 5 END
FROM generate_series(1, 12) AS n;
