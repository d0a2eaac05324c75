-- The database as it stood before Phase 1: everything runbook 97 names, with deterministic content.
-- Loads on PostgreSQL 13 to 18, into an empty database, as a superuser (it makes an event trigger).
-- It holds no transaction control: whoever loads it decides that.

SET standard_conforming_strings = on;
SET client_min_messages = warning;

-- ---------------------------------------------------------------------------------------------------------------
-- birth_registry: every governed row's birth, written by triggers. It grows with ordinary traffic.

CREATE TABLE public.birth_registry (
    birth_id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source_table text NOT NULL,
    entity_code  text NOT NULL,
    born_at      timestamptz NOT NULL DEFAULT now()
);

INSERT INTO public.birth_registry (source_table, entity_code, born_at)
SELECT (ARRAY['knowledge_item', 'meeting_note', 'task_card', 'document', 'contact'])[1 + n % 5],
       'E-' || lpad(n::text, 7, '0'),
       timestamptz '2025-06-01 00:00:00+00' + n * interval '9 minutes'
FROM generate_series(1, 52000) AS n;

CREATE INDEX birth_registry_source_table ON public.birth_registry (source_table);

-- The argument names the column that holds the row's code; without one the column is `code`.
CREATE FUNCTION public.fn_birth_registry_auto() RETURNS trigger
LANGUAGE plpgsql AS $body$
DECLARE
    code_column text := coalesce(TG_ARGV[0], 'code');
BEGIN
    INSERT INTO public.birth_registry (source_table, entity_code)
    VALUES (TG_TABLE_NAME, to_jsonb(NEW) ->> code_column);
    RETURN NULL;
END
$body$;

-- ---------------------------------------------------------------------------------------------------------------
-- event_type_registry and event_outbox. `handler_ref` is 'noop' for whatever must not do anything yet.

CREATE TABLE public.event_type_registry (
    event_type   text PRIMARY KEY,
    event_domain text NOT NULL,
    title        text NOT NULL,
    active       boolean NOT NULL,
    handler_ref  text NOT NULL DEFAULT 'noop',
    created_at   timestamptz NOT NULL DEFAULT now()
);

INSERT INTO public.event_type_registry (event_type, event_domain, title, active, handler_ref, created_at) VALUES
    ('knowledge.item.created',     'knowledge', 'Knowledge item created',    true,  'handlers.knowledge.on_created',  '2025-06-01 08:00:00+00'),
    ('knowledge.item.updated',     'knowledge', 'Knowledge item updated',    true,  'handlers.knowledge.on_updated',  '2025-06-01 08:00:00+00'),
    ('knowledge.item.archived',    'knowledge', 'Knowledge item archived',   true,  'handlers.knowledge.on_archived', '2025-06-01 08:00:00+00'),
    ('meeting.note.published',     'meeting',   'Meeting note published',    true,  'handlers.meeting.on_published',  '2025-07-14 02:30:00+00'),
    ('meeting.action.assigned',    'meeting',   'Action assigned',           true,  'handlers.meeting.on_assigned',   '2025-07-14 02:30:00+00'),
    ('task.card.moved',            'task',      'Task card moved',           true,  'handlers.task.on_moved',         '2025-08-02 10:15:00+00'),
    ('task.card.closed',           'task',      'Task card closed',          true,  'handlers.task.on_closed',        '2025-08-02 10:15:00+00'),
    ('approval.request.submitted', 'approval',  'Approval request submitted', true, 'handlers.approval.on_submitted', '2025-09-20 06:00:00+00'),
    ('approval.request.decided',   'approval',  'Approval request decided',  true,  'handlers.approval.on_decided',   '2025-09-20 06:00:00+00'),
    ('system.backup.finished',     'system',    'Backup finished',           true,  'handlers.system.on_backup',      '2025-06-01 08:00:00+00'),
    -- Its name begins with `governance`, its domain does not: only the domain is the key.
    ('governance_report.viewed',   'reporting', 'Governance report viewed',  true,  'handlers.reporting.on_viewed',   '2025-11-03 04:45:00+00'),
    ('reporting.digest.prepared',  'reporting', 'Weekly digest prepared',    false, 'noop',                           '2025-11-03 04:45:00+00');

CREATE TABLE public.event_outbox (
    outbox_id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_domain text NOT NULL,
    event_type   text NOT NULL,
    payload      jsonb NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT now(),
    published_at timestamptz
);

INSERT INTO public.event_outbox (event_domain, event_type, payload, created_at, published_at)
SELECT split_part(kind, '.', 1), kind, jsonb_build_object('entity', 'E-' || lpad(n::text, 7, '0')), at, at + interval '2 seconds'
FROM (
    SELECT n,
           (ARRAY['knowledge.item.created', 'knowledge.item.updated', 'meeting.note.published', 'task.card.moved'])[1 + n % 4] AS kind,
           timestamptz '2025-06-01 00:00:00+00' + n * interval '21 minutes' AS at
    FROM generate_series(1, 21000) AS n
) AS organic;

CREATE INDEX event_outbox_event_domain ON public.event_outbox (event_domain);

-- ---------------------------------------------------------------------------------------------------------------
-- apr_action_types: the vocabulary of approval requests. Six types; approval_requests holds a RESTRICT key on them.

CREATE TABLE public.apr_action_types (
    action_code text PRIMARY KEY,
    title       text NOT NULL,
    status      text NOT NULL DEFAULT 'active' CONSTRAINT apr_action_types_status CHECK (status IN ('active', 'retired')),
    created_at  timestamptz NOT NULL DEFAULT now(),
    retired_at  timestamptz,
    CONSTRAINT apr_action_types_retired_at CHECK ((status = 'retired') = (retired_at IS NOT NULL))
);

INSERT INTO public.apr_action_types (action_code, title, created_at) VALUES
    ('create_entity',   'Create an entity',        '2025-09-20 06:00:00+00'),
    ('update_entity',   'Change an entity',        '2025-09-20 06:00:00+00'),
    ('archive_entity',  'Archive an entity',       '2025-09-20 06:00:00+00'),
    ('publish_entity',  'Publish an entity',       '2025-09-20 06:00:00+00'),
    ('link_entities',   'Link two entities',       '2025-09-20 06:00:00+00'),
    ('change_workflow', 'Change a workflow state', '2025-10-11 09:00:00+00');

CREATE TABLE public.approval_requests (
    request_code         text PRIMARY KEY,
    proposed_action_code text NOT NULL REFERENCES public.apr_action_types (action_code) ON DELETE RESTRICT,
    subject              text NOT NULL,
    state                text NOT NULL CHECK (state IN ('draft', 'submitted', 'approved', 'rejected')),
    requested_by         text NOT NULL,
    requested_at         timestamptz NOT NULL
);

INSERT INTO public.approval_requests (request_code, proposed_action_code, subject, state, requested_by, requested_at)
SELECT 'APR-' || lpad(n::text, 5, '0'),
       (ARRAY['create_entity', 'update_entity', 'archive_entity', 'publish_entity', 'link_entities', 'change_workflow'])[1 + n % 6],
       'E-' || lpad((n * 37)::text, 7, '0'),
       (ARRAY['approved', 'approved', 'submitted', 'rejected', 'draft'])[1 + n % 5],
       (ARRAY['hoa@example.test', 'tuan@example.test', 'linh@example.test'])[1 + n % 3],
       timestamptz '2025-10-12 01:00:00+00' + n * interval '11 hours'
FROM generate_series(1, 240) AS n;

CREATE INDEX approval_requests_action ON public.approval_requests (proposed_action_code);

-- F-83-1: without an argument the function looks for a column `code`, which apr_action_types does not have. Every
-- insert into apr_action_types fails from here on, until SB-1 wires the trigger with 'action_code'.
CREATE TRIGGER trg_birth_apr_action_types AFTER INSERT ON public.apr_action_types
    FOR EACH ROW EXECUTE FUNCTION public.fn_birth_registry_auto();
CREATE TRIGGER trg_birth_approval_requests AFTER INSERT ON public.approval_requests
    FOR EACH ROW EXECUTE FUNCTION public.fn_birth_registry_auto('request_code');

-- ---------------------------------------------------------------------------------------------------------------
-- evolution_snapshots: fingerprints of rule sets and schemas, one row an origin.

CREATE TABLE public.evolution_snapshots (
    origin_key  text PRIMARY KEY,
    subject     text NOT NULL,
    fingerprint text NOT NULL,
    taken_at    timestamptz NOT NULL
);

INSERT INTO public.evolution_snapshots (origin_key, subject, fingerprint, taken_at)
SELECT 'schema:' || lpad(n::text, 4, '0'), 'schema of collection ' || n, md5('collection ' || n),
       timestamptz '2025-06-01 03:00:00+00' + n * interval '1 day'
FROM generate_series(1, 180) AS n
UNION ALL
-- A neighbour with a similar name: it is not the ruleset's fingerprint and must stay.
SELECT 'governance_manual:fingerprint:r7', 'printed governance manual', md5('governance manual r7'), timestamptz '2026-01-09 03:00:00+00';

-- ---------------------------------------------------------------------------------------------------------------
-- queue_heartbeat: one row an executor. `governor_sync` is not governance: LIKE 'gov_%' without the backslash takes it.

CREATE TABLE public.queue_heartbeat (
    executor_name text PRIMARY KEY,
    queue         text NOT NULL,
    last_beat_at  timestamptz NOT NULL,
    state         text NOT NULL
);

INSERT INTO public.queue_heartbeat (executor_name, queue, last_beat_at, state) VALUES
    ('backup_runner',     'maintenance', '2026-05-31 22:00:04+00', 'idle'),
    ('digest_mailer',     'mail',        '2026-05-31 22:00:01+00', 'idle'),
    ('event_publisher',   'outbox',      '2026-05-31 22:00:07+00', 'running'),
    ('governor_sync',     'throttle',    '2026-05-31 22:00:03+00', 'running'),
    ('knowledge_indexer', 'search',      '2026-05-31 22:00:05+00', 'running'),
    ('task_escalator',    'task',        '2026-05-31 22:00:02+00', 'idle');

-- ---------------------------------------------------------------------------------------------------------------
-- governance_relations: exactly eight, unchanged throughout.

CREATE TABLE public.governance_relations (
    relation_code text PRIMARY KEY,
    from_kind     text NOT NULL,
    to_kind       text NOT NULL,
    description   text NOT NULL
);

INSERT INTO public.governance_relations (relation_code, from_kind, to_kind, description) VALUES
    ('approves',   'role',     'decision', 'A role approves a kind of decision'),
    ('delegates',  'role',     'role',     'A role delegates to another'),
    ('derives',    'rule',     'rule',     'A rule is derived from another'),
    ('escalates',  'decision', 'role',     'A decision is escalated to a role'),
    ('exempts',    'rule',     'object',   'A rule exempts an object'),
    ('governs',    'rule',     'object',   'A rule governs an object'),
    ('owns',       'role',     'object',   'A role owns an object'),
    ('supersedes', 'rule',     'rule',     'A rule supersedes another');

-- ---------------------------------------------------------------------------------------------------------------
-- os_proposal_approvals: what authorises each step; and the council's records behind it. No script writes either.

CREATE TABLE public.council_records (
    record_code text PRIMARY KEY,
    subject     text NOT NULL,
    standing    text NOT NULL CHECK (standing IN ('in force', 'suspended', 'superseded')),
    decided_at  timestamptz NOT NULL
);

INSERT INTO public.council_records (record_code, subject, standing, decided_at) VALUES
    ('COUNCIL-2026-014', 'phase1-governance', 'superseded', '2026-04-22 07:00:00+00'),
    ('COUNCIL-2026-021', 'phase1-governance', 'in force',   '2026-05-29 07:00:00+00');

CREATE TABLE public.os_proposal_approvals (
    approval_code  text PRIMARY KEY,
    step_id        text NOT NULL,
    decision       text NOT NULL CHECK (decision IN ('approved', 'rejected', 'revoked')),
    decided_by     text NOT NULL,
    decided_at     timestamptz NOT NULL,
    council_record text NOT NULL REFERENCES public.council_records (record_code)
);

INSERT INTO public.os_proposal_approvals (approval_code, step_id, decision, decided_by, decided_at, council_record) VALUES
    ('OSP-0311', 'SB-1',  'rejected', 'sovereign@example.test', '2026-04-30 03:00:00+00', 'COUNCIL-2026-014'),
    ('OSP-0340', 'SB-12', 'approved', 'sovereign@example.test', '2026-05-30 03:00:00+00', 'COUNCIL-2026-021'),
    ('OSP-0341', 'SB-13', 'approved', 'sovereign@example.test', '2026-05-30 03:05:00+00', 'COUNCIL-2026-021'),
    ('OSP-0342', 'SB-10', 'approved', 'sovereign@example.test', '2026-05-30 03:10:00+00', 'COUNCIL-2026-021'),
    ('OSP-0343', 'SB-11', 'approved', 'sovereign@example.test', '2026-05-30 03:15:00+00', 'COUNCIL-2026-021'),
    ('OSP-0344', 'SB-2',  'approved', 'sovereign@example.test', '2026-05-30 03:20:00+00', 'COUNCIL-2026-021'),
    ('OSP-0345', 'SB-1',  'approved', 'sovereign@example.test', '2026-05-30 03:25:00+00', 'COUNCIL-2026-021');

-- ---------------------------------------------------------------------------------------------------------------
-- The tool catalogue: governance rows come to it in a later phase (T6, T7), not in Phase 1.

CREATE TABLE public.dot_domains (
    domain text PRIMARY KEY,
    title  text NOT NULL
);
INSERT INTO public.dot_domains (domain, title) VALUES
    ('knowledge', 'Knowledge'), ('meeting', 'Meetings'), ('task', 'Tasks'), ('reporting', 'Reporting');

CREATE TABLE public.dot_tools (
    code        text PRIMARY KEY,
    domain      text NOT NULL REFERENCES public.dot_domains (domain),
    _dot_origin text NOT NULL,
    title       text NOT NULL
);
CREATE TRIGGER trg_birth_dot_tools AFTER INSERT ON public.dot_tools
    FOR EACH ROW EXECUTE FUNCTION public.fn_birth_registry_auto();
INSERT INTO public.dot_tools (code, domain, _dot_origin, title)
SELECT 'DOT-' || lpad(n::text, 3, '0'), (ARRAY['knowledge', 'meeting', 'task', 'reporting'])[1 + n % 4], 'core', 'Tool ' || n
FROM generate_series(1, 40) AS n;

CREATE TABLE public.dot_coverage_required (
    domain    text NOT NULL REFERENCES public.dot_domains (domain),
    operation text NOT NULL,
    PRIMARY KEY (domain, operation)
);
INSERT INTO public.dot_coverage_required (domain, operation)
SELECT d.domain, o.operation FROM public.dot_domains AS d CROSS JOIN (VALUES ('verify'), ('repair')) AS o (operation);

-- ---------------------------------------------------------------------------------------------------------------
-- [TRIGGER-GUARD]: says so on any trigger DDL. Its level is a row, so that an administrator can escalate it to ERROR.

CREATE TABLE public.trigger_guard_settings (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    level    text NOT NULL CHECK (level IN ('WARNING', 'ERROR'))
);
INSERT INTO public.trigger_guard_settings (level) VALUES ('WARNING');

CREATE FUNCTION public.fn_trigger_guard() RETURNS event_trigger
LANGUAGE plpgsql AS $body$
BEGIN
    IF (SELECT s.level FROM public.trigger_guard_settings AS s) = 'ERROR' THEN
        RAISE EXCEPTION '[TRIGGER-GUARD] % is forbidden', TG_TAG;
    END IF;
    RAISE WARNING '[TRIGGER-GUARD] % seen', TG_TAG;
END
$body$;

CREATE EVENT TRIGGER evt_trigger_guard ON ddl_command_end
    WHEN TAG IN ('CREATE TRIGGER', 'ALTER TRIGGER', 'DROP TRIGGER')
    EXECUTE FUNCTION public.fn_trigger_guard();

RESET client_min_messages;
ANALYZE;
