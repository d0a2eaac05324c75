-- The gate of the ledger. Run it in one transaction as a superuser, after the ledger and its roles were made. It may be run
-- again. With it PostgreSQL itself runs the statements of a plan, and only when two people have approved it.
--
--   countersign_executor   has the rights on the target's tables; nobody logs in as it and nobody is a member of it
--   countersign_rehearser  may let the gate run a plan nobody approved, in a transaction that cannot commit
--
-- What is owned by countersign_executor runs statements and decides nothing. What is owned by countersign_owner decides and
-- runs nothing of a plan. The manual page `gate` says what this stops and what it does not.

DO $body$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['countersign_executor', 'countersign_rehearser'] LOOP
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = name) THEN
      BEGIN
        EXECUTE pg_catalog.format('CREATE ROLE %I NOLOGIN', name);
      -- Another database of this server may be given the same roles at this moment.
      EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
      END;
    END IF;
  END LOOP;
END
$body$;

-- A stage that the gate has begun. Committed rows stay: a stage of a request is run once.
CREATE TABLE IF NOT EXISTS countersign.gate_run (
  xid text NOT NULL,
  stage integer NOT NULL CHECK (stage >= 0),
  -- Both NULL for a rehearsal.
  request_digest text,
  run text,
  plan_digest text NOT NULL,
  settings json NOT NULL,
  statements integer NOT NULL,
  done integer NOT NULL DEFAULT 0,
  -- Whether a statement is being run: nothing else begins meanwhile.
  busy boolean NOT NULL DEFAULT false,
  -- The first statement whose rows were not the plan's: such a stage does not commit.
  odd text,
  actor text NOT NULL,
  at text NOT NULL,
  PRIMARY KEY (xid, stage),
  UNIQUE (request_digest, stage),
  CHECK ((request_digest IS NULL) = (run IS NULL))
);
COMMENT ON TABLE countersign.gate_run IS 'Written by the gate alone; a row without a request is a rehearsal and never committed';

-- The statements of a stage that are still to be run; each goes when it is run.
CREATE TABLE IF NOT EXISTS countersign.gate_step (
  xid text NOT NULL,
  stage integer NOT NULL,
  ordinal integer NOT NULL,
  tag text NOT NULL,
  sql text NOT NULL,
  rows json NOT NULL,
  PRIMARY KEY (xid, stage, ordinal)
);

CREATE INDEX IF NOT EXISTS entry_kind ON countersign.entry (kind);

-- Writes a document's one canonical text (RFC 8785), so that a text which differs from it can be refused: PostgreSQL and the
-- desks then read the same document from it. Raises where the desks' reader does: a key twice, a number that is no whole one.
CREATE OR REPLACE FUNCTION countersign.gate_canonical(value json) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT AS $body$
DECLARE
  line text;
  many bigint;
  different bigint;
  plain boolean;
BEGIN
  CASE pg_catalog.json_typeof(value)
    WHEN 'object' THEN
      SELECT pg_catalog.string_agg(pg_catalog.to_json(e.key)::text || ':' || countersign.gate_canonical(e.value), ',' ORDER BY e.key COLLATE "C"),
          pg_catalog.count(*), pg_catalog.count(DISTINCT e.key COLLATE "C"), pg_catalog.bool_and(e.key ~ '^[ -~]*$')
        INTO line, many, different, plain FROM pg_catalog.json_each(value) AS e;
      IF many <> different OR NOT plain THEN
        RAISE EXCEPTION 'a key stands twice in one object, or is not plain ASCII' USING ERRCODE = 'invalid_json_text';
      END IF;
      RETURN '{' || COALESCE(line, '') || '}';
    WHEN 'array' THEN
      SELECT pg_catalog.string_agg(countersign.gate_canonical(e.value), ',' ORDER BY e.ordinality)
        INTO line FROM pg_catalog.json_array_elements(value) WITH ORDINALITY AS e;
      RETURN '[' || COALESCE(line, '') || ']';
    WHEN 'string' THEN
      RETURN pg_catalog.to_json(value #>> '{}')::text;
    WHEN 'number' THEN
      IF value::text !~ '^(0|-?[1-9][0-9]{0,15})$' THEN
        RAISE EXCEPTION 'the number % is not a whole number of at most 2^53', value::text USING ERRCODE = 'invalid_json_text';
      END IF;
      RETURN value::text;
    ELSE
      RETURN value::text;
  END CASE;
END
$body$;

-- Returns the SHA-256 of a text's UTF-8 bytes, as 64 lower-case digits.
CREATE OR REPLACE FUNCTION countersign.gate_digest(value text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT AS $body$
  SELECT pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(value, 'UTF8')), 'hex')
$body$;

-- Says what is wrong with the roles, so that the gate proves nothing; NULL when nothing is.
CREATE OR REPLACE FUNCTION countersign.gate_roles() RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
  executor pg_roles%ROWTYPE;
  found text;
BEGIN
  SELECT * INTO executor FROM pg_roles WHERE rolname = 'countersign_executor';
  IF executor.rolcanlogin OR executor.rolsuper OR executor.rolcreaterole OR executor.rolreplication THEN
    RETURN 'countersign_executor may log in, or is a superuser, makes roles or replicates; it must be none of that';
  END IF;
  -- A superuser is outside of what the gate can stop, and counts as a member of everything.
  SELECT string_agg(quote_ident(rolname), ', ' ORDER BY rolname) INTO found FROM pg_roles
    WHERE NOT rolsuper AND rolname <> 'countersign_executor' AND pg_has_role(oid, executor.oid, 'MEMBER');
  IF found IS NOT NULL THEN
    RETURN format('%s may act as countersign_executor; nobody may: REVOKE countersign_executor FROM it', found);
  END IF;
  -- What runs unapproved in a rehearsal must not be able to touch what forbids its COMMIT, nor to reach outside.
  IF has_any_column_privilege(executor.oid, 'countersign.gate_run', 'INSERT, UPDATE') OR has_table_privilege(executor.oid, 'countersign.gate_run', 'DELETE, TRUNCATE, TRIGGER')
    OR has_any_column_privilege(executor.oid, 'countersign.gate_step', 'INSERT, UPDATE') OR has_table_privilege(executor.oid, 'countersign.gate_step', 'DELETE, TRUNCATE, TRIGGER')
    OR has_any_column_privilege(executor.oid, 'countersign.entry', 'INSERT, UPDATE') OR has_table_privilege(executor.oid, 'countersign.login', 'INSERT, UPDATE, DELETE')
    OR has_schema_privilege(executor.oid, 'countersign', 'CREATE') THEN
    RETURN 'countersign_executor may write to the ledger; it must only have rights on the target''s tables';
  END IF;
  SELECT string_agg(quote_ident(rolname), ', ' ORDER BY rolname) INTO found FROM pg_roles
    WHERE rolname IN ('pg_execute_server_program', 'pg_read_server_files', 'pg_write_server_files', 'pg_write_all_data')
      AND pg_has_role(executor.oid, oid, 'MEMBER');
  IF found IS NOT NULL THEN
    RETURN format('countersign_executor is a member of %s, so what it runs could reach past its transaction', found);
  END IF;
  RETURN NULL;
END
$body$;

-- Says why a plan may not be run by this login through the gate, approved or not; NULL when it may.
CREATE OR REPLACE FUNCTION countersign.gate_place(plan json) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
  reason text := countersign.gate_roles();
  path text := plan #>> '{settings,schema}';
  found text;
BEGIN
  IF reason IS NOT NULL THEN
    RETURN reason;
  END IF;
  IF (plan ->> 'format') IS DISTINCT FROM 'countersign/plan/1' OR (plan ->> 'via') IS DISTINCT FROM 'gate' THEN
    RETURN 'the plan does not say that it runs via the gate; stage it with --via gate';
  END IF;
  IF (plan #>> '{target,database}') IS DISTINCT FROM current_database()
    OR (plan #>> '{target,database_oid}') IS DISTINCT FROM (SELECT oid::text FROM pg_database WHERE datname = current_database())
    OR (plan #>> '{target,system_identifier}') IS DISTINCT FROM (SELECT system_identifier::text FROM pg_control_system()) THEN
    RETURN format('the plan is for database %s of server %s; this is another', plan #>> '{target,database}', plan #>> '{target,system_identifier}');
  END IF;
  IF (plan #>> '{settings,pinned,search_path}') IS DISTINCT FROM format('pg_catalog, "%s", pg_temp', replace(path, '"', '""')) THEN
    RETURN 'the plan pins another search_path than that of its schema';
  END IF;
  -- Whoever may put functions, operators or triggers in the way decides what the plan's words mean.
  IF has_schema_privilege('public', path, 'CREATE')
    OR (has_schema_privilege(session_user, path, 'CREATE') AND NOT (SELECT rolsuper FROM pg_roles WHERE rolname = session_user)) THEN
    RETURN format('login %s or everybody may create objects in schema %s, and so change what the plan''s words mean: REVOKE CREATE ON SCHEMA %s FROM them',
      quote_ident(session_user), quote_ident(path), quote_ident(path));
  END IF;
  SELECT string_agg(o.value, ', ') INTO found
    FROM (SELECT d.value ->> 'name' AS value FROM json_array_elements(plan -> 'objects') AS d) AS o
    JOIN pg_namespace n ON n.nspname = split_part(o.value, '.', 1)
    JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = substr(o.value, strpos(o.value, '.') + 1)
    WHERE c.relkind IN ('r', 'p', 'v', 'f', 'm') AND has_table_privilege(session_user, c.oid, 'TRIGGER')
      AND NOT (SELECT rolsuper FROM pg_roles WHERE rolname = session_user);
  IF found IS NOT NULL THEN
    RETURN format('login %s may put triggers on %s, which the gate would run with rights it does not have: REVOKE TRIGGER from it',
      quote_ident(session_user), found);
  END IF;
  RETURN NULL;
END
$body$;

-- Reads a text as JSON; NULL when it is none.
CREATE OR REPLACE FUNCTION countersign.gate_json(value text) RETURNS json
LANGUAGE plpgsql IMMUTABLE STRICT AS $body$
BEGIN
  RETURN value::json;
EXCEPTION WHEN OTHERS THEN
  RETURN NULL;
END
$body$;

-- D-62: finds the ledger entry that met the last gate of a restart after this stop, the newest one; NULL while one is open. As
-- with approvals, what counts here is the login: signatures, and who is a sovereign, are for the desks to check.
CREATE OR REPLACE FUNCTION countersign.gate_lifted(newest bigint) RETURNS bigint
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $body$
  WITH paper AS (
    SELECT e.seq, l.principal, countersign.gate_digest(e.body::json ->> 'document') AS digest,
        countersign.gate_json(e.body::json ->> 'document') AS said
      FROM countersign.entry e
      JOIN countersign.login l ON l.login = e.actor AND l.principal = e.body::json #>> '{signature,principal}'
      WHERE e.kind = 'restart' AND e.seq > newest
  ), named AS (
    SELECT p.* FROM paper p JOIN countersign.entry s ON s.seq = newest
      WHERE p.said ->> 'stop' = newest::text AND p.said ->> 'stop_hash' = s.hash
  ), wanted AS (
    SELECT d.seq, d.digest, d.said #> '{act,divergence,differences}' AS differences, g.value ->> 'id' AS record
      FROM named d
      -- What is no list must not end the query: anybody with a login could close the gate by it.
      LEFT JOIN LATERAL json_array_elements(CASE json_typeof(d.said #> '{act,divergence,gates}') WHEN 'array'
        THEN d.said #> '{act,divergence,gates}' END) g ON g.value #> '{by,record}' IS NOT NULL
      WHERE d.said #> '{act,divergence}' IS NOT NULL
  ), met AS (
    SELECT w.seq,
        CASE WHEN CASE json_typeof(w.differences) WHEN 'array' THEN json_array_length(w.differences) END = 0 THEN w.seq
          ELSE (SELECT min(n.seq) FROM named n WHERE n.said ->> 'divergence' = w.digest AND n.said #> '{act,accepted}' IS NOT NULL) END AS reconciled,
        (SELECT min(n.seq) FROM named n WHERE n.said ->> 'divergence' = w.digest AND n.said #> '{act,authorised}' IS NOT NULL) AS authorised,
        (SELECT min(n.seq) FROM named n WHERE n.said ->> 'divergence' = w.digest
          AND n.said #>> '{act,record,gate}' = COALESCE(w.record, 'council-record')) AS looked,
        (SELECT count(DISTINCT n.principal) FROM named n WHERE n.seq = w.seq OR n.said ->> 'divergence' = w.digest) AS people
      FROM wanted w
  )
  SELECT min(whole.at) FROM (
    SELECT max(greatest(m.reconciled, m.authorised, m.looked)) AS at FROM met m GROUP BY m.seq
      HAVING bool_and(m.reconciled IS NOT NULL AND m.authorised IS NOT NULL AND m.looked IS NOT NULL AND m.people >= 2)
  ) AS whole
$body$;

-- Says why the approvals of a request do not let this run go on now; NULL when they do. Without a run: why none may begin.
CREATE OR REPLACE FUNCTION countersign.gate_standing(digest text, this_run text, request json, plan json) RETURNS text
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
  -- D-70: the floor of two cannot be configured away.
  needed integer := greatest(2, (plan #>> '{policy,approvals}')::integer);
  now timestamptz := clock_timestamp();
  count integer;
  who text;
  stop record;
  intent record;
BEGIN
  IF NOT (SELECT h.mapped FROM countersign.head h) THEN
    RETURN 'no login is mapped to a person, so approvals prove nothing here: the owner of the ledger maps logins';
  END IF;
  IF now < (request ->> 'not_before')::timestamptz THEN
    RETURN format('the request holds from %s on', request ->> 'not_before');
  END IF;
  IF (now <= (request ->> 'not_after')::timestamptz) IS NOT TRUE THEN
    RETURN format('the request expired at %s', request ->> 'not_after');
  END IF;
  -- D-61, D-62.
  SELECT e.seq, (e.body::json ->> 'condition') || ': ' || (e.body::json ->> 'reason') AS words, countersign.gate_lifted(e.seq) AS lifted
    INTO stop FROM countersign.entry e WHERE e.kind = 'stopped' ORDER BY e.seq DESC LIMIT 1;
  IF FOUND THEN
    IF stop.lifted IS NULL THEN
      RETURN format('a stop holds: %s', COALESCE(stop.words, 'without words'));
    END IF;
    IF EXISTS (SELECT FROM countersign.entry e WHERE e.kind = 'staged' AND e.seq < stop.lifted
        AND countersign.gate_digest(e.body::json ->> 'request') = digest) THEN
      RETURN format('it was staged before the restart of ledger entry %s, which begins at STEP 0', stop.lifted);
    END IF;
  END IF;
  SELECT e.body::json #>> '{signature,principal}' INTO who FROM countersign.entry e
    WHERE e.kind = 'rejected' AND e.body::json ->> 'request_digest' = digest LIMIT 1;
  IF FOUND THEN
    RETURN format('%s rejected it', who);
  END IF;
  -- D-74: used once. Of several intents the first has it; a failed run has used it as well.
  SELECT e.seq, e.actor, e.xid, e.body::json ->> 'run' AS run INTO intent FROM countersign.entry e
    WHERE e.kind = 'intent' AND e.body::json ->> 'request_digest' = digest ORDER BY e.seq LIMIT 1;
  IF this_run IS NULL THEN
    IF FOUND THEN
      RETURN format('run %s has used it; an approval is used once', intent.run);
    END IF;
  ELSIF NOT FOUND THEN
    RETURN 'the intent of this run is not in the ledger';
  ELSIF intent.run IS DISTINCT FROM this_run THEN
    RETURN format('run %s has used it; an approval is used once', intent.run);
  ELSIF intent.actor <> session_user THEN
    RETURN format('the intent of this run is %s''s; this is %s', intent.actor, session_user);
  -- Intent before deed: it was committed before this transaction.
  ELSIF intent.xid = pg_current_xact_id()::text THEN
    RETURN 'the intent of this run is of this very transaction; commit it first';
  END IF;
  -- An end without an intent is that of a desk whose line was cut before it could state one: nothing was begun.
  IF EXISTS (SELECT FROM countersign.entry e WHERE e.kind = 'ended' AND e.body::json ->> 'request_digest' = digest
      AND e.body::json ->> 'run' = this_run) THEN
    RETURN 'a run of it has ended already; an approval is used once';
  END IF;
  IF EXISTS (SELECT FROM countersign.entry e WHERE e.kind = 'committed' AND e.body::json ->> 'request_digest' = digest
      AND (e.body::json ->> 'run') IS DISTINCT FROM this_run)
    OR EXISTS (SELECT FROM countersign.gate_run g WHERE g.request_digest = digest AND g.run IS DISTINCT FROM this_run) THEN
    RETURN 'another run has committed a stage of it; an approval is used once';
  END IF;
  SELECT e.body::json #>> '{signature,principal}' INTO who FROM countersign.entry e
    WHERE e.kind = 'withdrawn' AND e.body::json ->> 'request_digest' = digest AND e.seq > intent.seq LIMIT 1;
  IF FOUND THEN
    RETURN format('%s withdrew an approval', who);
  END IF;
  -- People, not rows: a login speaks for one person, so two people are two logins.
  SELECT count(DISTINCT l.principal) INTO count
    FROM countersign.entry e
    JOIN countersign.login l ON l.login = e.actor AND l.principal = e.body::json #>> '{signature,principal}'
    WHERE e.kind = 'approved' AND e.body::json ->> 'request_digest' = digest
      AND l.principal IS DISTINCT FROM (plan ->> 'requester') AND l.principal IS DISTINCT FROM (plan ->> 'editor')
      AND l.principal IS DISTINCT FROM (request ->> 'requester')
      AND NOT EXISTS (SELECT FROM countersign.entry w WHERE w.kind = 'withdrawn'
        AND w.body::json ->> 'request_digest' = digest AND w.body::json #>> '{signature,principal}' = l.principal);
  IF count < needed THEN
    RETURN format('%s of %s people have approved it, each by a login mapped to them', count, needed);
  END IF;
  RETURN NULL;
END
$body$;

-- Finds a request and its plan in the ledger by the request's digest, and says what is wrong with them.
CREATE OR REPLACE FUNCTION countersign.gate_find(digest text, OUT request json, OUT plan json, OUT plan_digest text, OUT refusal text)
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
  staged json;
  rehearsal json;
BEGIN
  SELECT e.body::json INTO staged FROM countersign.entry e
    WHERE e.kind = 'staged' AND countersign.gate_digest(e.body::json ->> 'request') = digest ORDER BY e.seq LIMIT 1;
  IF NOT FOUND THEN
    refusal := 'no request with this digest is in the ledger';
    RETURN;
  END IF;
  request := staged ->> 'request';
  plan := staged ->> 'plan';
  plan_digest := countersign.gate_digest(staged ->> 'plan');
  rehearsal := staged ->> 'rehearsal';
  refusal := CASE
    WHEN countersign.gate_canonical(request) <> staged ->> 'request' THEN 'the request is not in canonical form'
    WHEN (request ->> 'format') IS DISTINCT FROM 'countersign/request/1' OR (request ->> 'verb') IS DISTINCT FROM 'run'
      THEN 'the request is not one to run a plan'
    WHEN plan_digest IS DISTINCT FROM (request ->> 'plan_digest') THEN 'the plan beside the request is not the one it names'
    WHEN countersign.gate_canonical(plan) <> staged ->> 'plan' THEN 'the plan is not in canonical form'
    WHEN countersign.gate_digest(staged ->> 'rehearsal') IS DISTINCT FROM (request ->> 'rehearsal_digest')
      THEN 'the rehearsal beside the request is not the one it names'
    WHEN (SELECT count(*) FROM json_each(rehearsal) e WHERE e.key IN ('taken_at', 'plan_digest')) <> 2
      OR (rehearsal ->> 'plan_digest') IS DISTINCT FROM plan_digest THEN 'another plan was rehearsed'
    WHEN ((rehearsal ->> 'taken_at')::timestamptz + (plan #>> '{policy,rehearsal_max_age_seconds}')::integer * interval '1 second'
      >= clock_timestamp()) IS NOT TRUE THEN format('the rehearsal of %s is too old', rehearsal ->> 'taken_at')
  END;
END
$body$;

-- Says why the gate would not open for a request; NULL when it would. Asked by desks before anybody states an intent.
CREATE OR REPLACE FUNCTION countersign.gate_refusal(digest text) RETURNS text
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
  found record;
BEGIN
  found := countersign.gate_find(digest);
  RETURN COALESCE(found.refusal, countersign.gate_place(found.plan), countersign.gate_standing(digest, NULL, found.request, found.plan));
END
$body$;

CREATE OR REPLACE FUNCTION countersign.gate_refuse(reason text) RETURNS void
LANGUAGE plpgsql AS $body$
BEGIN
  IF reason IS NOT NULL THEN
    RAISE EXCEPTION 'the gate is closed: %', reason USING ERRCODE = 'insufficient_privilege',
      HINT = 'The manual page `gate` says what it asks for.';
  END IF;
END
$body$;

-- Writes down a stage that begins, with the statements it will run, and forbids every COMMIT before its end.
CREATE OR REPLACE FUNCTION countersign.gate_begin(digest text, this_run text, of_plan text, plan json, at_stage integer) RETURNS text
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
  here text := pg_current_xact_id()::text;
  begun json := plan -> 'stages' -> at_stage;
  statement json;
  ordinal integer := 0;
BEGIN
  PERFORM countersign.gate_refuse(CASE
    WHEN begun IS NULL THEN format('the plan has no stage %s', at_stage)
    WHEN current_setting('transaction_isolation') <> 'read committed' THEN 'it opens at READ COMMITTED only: an older snapshot does not see a stop'
    WHEN EXISTS (SELECT FROM countersign.gate_run g WHERE g.xid = here AND (digest IS NOT NULL OR g.request_digest IS NOT NULL))
      THEN 'a stage is a transaction of its own'
    WHEN EXISTS (SELECT FROM countersign.gate_run g WHERE g.xid = here AND g.done < g.statements) THEN 'the stage before is not done'
    WHEN digest IS NOT NULL AND at_stage <> (SELECT count(*) FROM countersign.gate_run g WHERE g.request_digest = digest AND g.run = this_run)
      THEN format('stage %s is not the next one', at_stage + 1)
  END);
  -- One executor at a time, whoever comes and by whatever program.
  PERFORM 1 FROM countersign.mutex FOR UPDATE NOWAIT;
  INSERT INTO countersign.gate_run (xid, stage, request_digest, run, plan_digest, settings, statements, actor, at)
    VALUES (here, at_stage, digest, this_run, of_plan, plan -> 'settings', json_array_length(begun -> 'statements'), session_user,
      to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'));
  FOR statement IN SELECT value FROM json_array_elements(begun -> 'statements') LOOP
    IF countersign.gate_digest(statement ->> 'sql') IS DISTINCT FROM (statement ->> 'sha256') THEN
      PERFORM countersign.gate_refuse(format('statement %s is not the one its digest is of', ordinal + 1));
    END IF;
    INSERT INTO countersign.gate_step VALUES (here, at_stage, ordinal, statement ->> 'tag', statement ->> 'sql', statement -> 'rows');
    ordinal := ordinal + 1;
  END LOOP;
  RETURN (SELECT string_agg(format('%I.%I', split_part(t.value, '.', 1), substr(t.value, strpos(t.value, '.') + 1)), ', ' ORDER BY t.ordinality)
    FROM json_array_elements_text(begun -> 'locked_tables') WITH ORDINALITY AS t);
END
$body$;

-- Lets an approved stage in; gives the settings to pin and the tables to lock.
CREATE OR REPLACE FUNCTION countersign.gate_enter(digest text, this_run text, at_stage integer, OUT settings json, OUT tables text)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
  found record;
BEGIN
  PERFORM countersign.gate_refuse(CASE WHEN digest IS NULL OR this_run IS NULL THEN 'a request and a run are needed' END);
  found := countersign.gate_find(digest);
  PERFORM countersign.gate_refuse(found.refusal);
  PERFORM countersign.gate_refuse(countersign.gate_place(found.plan));
  PERFORM countersign.gate_refuse(countersign.gate_standing(digest, this_run, found.request, found.plan));
  settings := found.plan -> 'settings';
  tables := countersign.gate_begin(digest, this_run, found.plan_digest, found.plan, at_stage);
END
$body$;

-- Lets in a stage that nobody approved, into a transaction that cannot commit.
CREATE OR REPLACE FUNCTION countersign.gate_enter_rehearsal(of_plan text, at_stage integer, OUT settings json, OUT tables text)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
  plan json := of_plan;
BEGIN
  PERFORM countersign.gate_refuse(CASE WHEN countersign.gate_canonical(plan) <> of_plan THEN 'the plan is not in canonical form' END);
  PERFORM countersign.gate_refuse(countersign.gate_place(plan));
  settings := plan -> 'settings';
  tables := countersign.gate_begin(NULL, NULL, countersign.gate_digest(of_plan), plan, at_stage);
END
$body$;

-- Hands out the next statement of the stage that this transaction has open, once and in order.
CREATE OR REPLACE FUNCTION countersign.gate_next(at_stage integer, at_ordinal integer, OUT tag text, OUT sql text, OUT settings json)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
  it countersign.gate_run%ROWTYPE;
  foreign_settings text;
BEGIN
  SELECT * INTO it FROM countersign.gate_run g WHERE g.xid = pg_current_xact_id_if_assigned()::text AND g.stage = at_stage FOR UPDATE;
  PERFORM countersign.gate_refuse(CASE
    WHEN NOT FOUND THEN format('stage %s is not open in this transaction', at_stage + 1)
    WHEN it.busy THEN 'a statement is being run'
    WHEN it.done >= it.statements THEN 'every statement of the stage has been run'
    WHEN it.done IS DISTINCT FROM at_ordinal THEN format('statement %s is the next one, not %s', it.done + 1, at_ordinal + 1)
  END);
  -- A setting that is no part of the plan could change what its words mean; these change how fast they are.
  SELECT string_agg(s.name, ', ') INTO foreign_settings FROM pg_settings s
    WHERE s.source IN ('client', 'session', 'user', 'database user')
      AND s.name NOT IN (SELECT p.key FROM json_each(it.settings -> 'pinned') p)
      AND s.name NOT IN (SELECT a.key FROM json_each(it.settings -> 'asserted') a)
      AND s.name NOT IN ('lock_timeout', 'statement_timeout', 'idle_in_transaction_session_timeout', 'idle_session_timeout',
        'transaction_timeout', 'application_name', 'client_encoding', 'work_mem', 'maintenance_work_mem', 'temp_buffers', 'jit', 'log_statement',
        'log_min_duration_statement', 'client_connection_check_interval', 'search_path');
  PERFORM countersign.gate_refuse(format('this session sets %s, which the plan does not', foreign_settings)) WHERE foreign_settings IS NOT NULL;
  UPDATE countersign.gate_run g SET busy = true WHERE g.xid = it.xid AND g.stage = it.stage;
  SELECT s.tag, s.sql INTO STRICT tag, sql FROM countersign.gate_step s WHERE s.xid = it.xid AND s.stage = it.stage AND s.ordinal = at_ordinal;
  settings := it.settings;
END
$body$;

-- Writes down that the statement was run, and whether its rows were the plan's (D-23).
CREATE OR REPLACE FUNCTION countersign.gate_done(at_stage integer, at_ordinal integer, actual bigint) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
  it countersign.gate_step%ROWTYPE;
BEGIN
  DELETE FROM countersign.gate_step s WHERE s.xid = pg_current_xact_id_if_assigned()::text AND s.stage = at_stage AND s.ordinal = at_ordinal
    RETURNING * INTO STRICT it;
  UPDATE countersign.gate_run g SET busy = false, done = g.done + 1, odd = COALESCE(g.odd, CASE
      WHEN actual <> (it.rows ->> 'exactly')::bigint OR actual > (it.rows ->> 'at_most')::bigint
        THEN format('statement %s: rows: expected %s, actual %s', at_ordinal + 1, it.rows, actual) END)
    WHERE g.xid = it.xid AND g.stage = at_stage AND g.busy;
END
$body$;

-- Gives the settings of the stage that this transaction has open.
CREATE OR REPLACE FUNCTION countersign.gate_here() RETURNS json
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
  found json;
BEGIN
  SELECT g.settings INTO found FROM countersign.gate_run g WHERE g.xid = pg_current_xact_id_if_assigned()::text LIMIT 1;
  PERFORM countersign.gate_refuse('no stage is open in this transaction') WHERE found IS NULL;
  RETURN found;
END
$body$;

-- At COMMIT: a stage that is not done, not recorded or no longer approved takes everything back; so does a rehearsal.
CREATE OR REPLACE FUNCTION countersign.gate_guard() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
  it countersign.gate_run%ROWTYPE;
  found record;
BEGIN
  SELECT * INTO STRICT it FROM countersign.gate_run g WHERE g.xid = NEW.xid AND g.stage = NEW.stage;
  PERFORM countersign.gate_refuse(CASE
    WHEN it.run IS NULL THEN 'a rehearsal does not commit; roll back'
    WHEN it.busy OR it.done <> it.statements THEN format('%s of %s statements of the stage were run', it.done, it.statements)
    WHEN it.odd IS NOT NULL THEN it.odd
    -- Whoever appends takes the head of the ledger until COMMIT: no stop and no withdrawal comes in between.
    WHEN NOT EXISTS (SELECT FROM countersign.entry e WHERE e.kind = 'committed' AND e.xid = it.xid
        AND e.body::json ->> 'request_digest' = it.request_digest AND e.body::json ->> 'run' = it.run
        AND e.body::json ->> 'stage' = it.stage::text)
      THEN 'the ledger does not record this stage in this transaction'
  END);
  found := countersign.gate_find(it.request_digest);
  PERFORM countersign.gate_refuse(found.refusal);
  PERFORM countersign.gate_refuse(countersign.gate_standing(it.request_digest, it.run, found.request, found.plan));
  RETURN NULL;
END
$body$;

DROP TRIGGER IF EXISTS gate_guard ON countersign.gate_run;
CREATE CONSTRAINT TRIGGER gate_guard AFTER INSERT ON countersign.gate_run DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION countersign.gate_guard();
-- ALWAYS: session_replication_role = replica does not turn it off.
ALTER TABLE countersign.gate_run ENABLE ALWAYS TRIGGER gate_guard;

-- Pins a plan's settings, and refuses those that only the server's owner may set and that are not what the plan says.
CREATE OR REPLACE FUNCTION countersign.gate_pin(settings json) RETURNS void
LANGUAGE plpgsql VOLATILE AS $body$
DECLARE
  it record;
BEGIN
  FOR it IN SELECT a.key, a.value FROM pg_catalog.json_each_text(settings -> 'asserted') AS a LOOP
    IF pg_catalog.current_setting(it.key) <> it.value THEN
      PERFORM countersign.gate_refuse(pg_catalog.format('setting %s: expected %s, actual %s', it.key, it.value, pg_catalog.current_setting(it.key)));
    END IF;
  END LOOP;
  PERFORM pg_catalog.set_config('lock_timeout', settings #>> '{timeouts,lock_millis}', true),
    pg_catalog.set_config('statement_timeout', settings #>> '{timeouts,statement_millis}', true),
    pg_catalog.set_config('idle_in_transaction_session_timeout', settings #>> '{timeouts,idle_in_transaction_millis}', true);
  PERFORM pg_catalog.set_config(p.key, p.value, true) FROM pg_catalog.json_each_text(settings -> 'pinned') AS p
    WHERE pg_catalog.current_setting(p.key) <> p.value;
END
$body$;

-- From here on: what runs with the executor's rights. Each pins the path again when a statement of the plan is through.

-- Opens a stage of an approved request in this transaction, and locks its tables.
CREATE OR REPLACE FUNCTION countersign.gate_open(digest text, this_run text, at_stage integer) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
  entered record;
BEGIN
  entered := countersign.gate_enter(digest, this_run, at_stage);
  PERFORM countersign.gate_pin(entered.settings);
  IF entered.tables IS NOT NULL THEN
    EXECUTE 'LOCK TABLE ' || entered.tables || ' IN SHARE ROW EXCLUSIVE MODE';
  END IF;
END
$body$;

-- Opens a stage of a plan that nobody approved: nothing of this transaction can be committed from here on.
CREATE OR REPLACE FUNCTION countersign.gate_rehearse(of_plan text, at_stage integer) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
  entered record;
BEGIN
  entered := countersign.gate_enter_rehearsal(of_plan, at_stage);
  PERFORM countersign.gate_pin(entered.settings);
  IF entered.tables IS NOT NULL THEN
    EXECUTE 'LOCK TABLE ' || entered.tables || ' IN SHARE ROW EXCLUSIVE MODE';
  END IF;
END
$body$;

-- Runs the next statement of the open stage; gives its tag's word and how many rows it counted.
CREATE OR REPLACE FUNCTION countersign.gate_statement(at_stage integer, at_ordinal integer, OUT tag text, OUT rows bigint)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
  it record;
BEGIN
  it := countersign.gate_next(at_stage, at_ordinal);
  PERFORM countersign.gate_pin(it.settings);
  EXECUTE it.sql;
  GET DIAGNOSTICS rows = ROW_COUNT;
  PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
  PERFORM countersign.gate_done(at_stage, at_ordinal, rows);
  tag := it.tag;
END
$body$;

-- Checks what was deferred, with the executor's rights and all but what guards the COMMIT itself.
CREATE OR REPLACE FUNCTION countersign.gate_constraints() RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
  settings json := countersign.gate_here();
  deferred text;
BEGIN
  SELECT string_agg(DISTINCT format('%I.%I', n.nspname, c.conname), ', ') INTO deferred
    FROM pg_constraint c JOIN pg_namespace n ON n.oid = c.connamespace WHERE c.condeferrable AND n.nspname <> 'countersign';
  PERFORM countersign.gate_pin(settings);
  IF deferred IS NOT NULL THEN
    EXECUTE 'SET CONSTRAINTS ' || deferred || ' IMMEDIATE';
  END IF;
END
$body$;

-- Who owns what, and who may call it.
ALTER TABLE countersign.gate_run OWNER TO countersign_owner;
ALTER TABLE countersign.gate_step OWNER TO countersign_owner;
ALTER FUNCTION countersign.gate_canonical(json) OWNER TO countersign_owner;
ALTER FUNCTION countersign.gate_digest(text) OWNER TO countersign_owner;
ALTER FUNCTION countersign.gate_roles() OWNER TO countersign_owner;
ALTER FUNCTION countersign.gate_place(json) OWNER TO countersign_owner;
ALTER FUNCTION countersign.gate_json(text) OWNER TO countersign_owner;
ALTER FUNCTION countersign.gate_lifted(bigint) OWNER TO countersign_owner;
ALTER FUNCTION countersign.gate_standing(text, text, json, json) OWNER TO countersign_owner;
ALTER FUNCTION countersign.gate_find(text) OWNER TO countersign_owner;
ALTER FUNCTION countersign.gate_refusal(text) OWNER TO countersign_owner;
ALTER FUNCTION countersign.gate_refuse(text) OWNER TO countersign_owner;
ALTER FUNCTION countersign.gate_begin(text, text, text, json, integer) OWNER TO countersign_owner;
ALTER FUNCTION countersign.gate_enter(text, text, integer) OWNER TO countersign_owner;
ALTER FUNCTION countersign.gate_enter_rehearsal(text, integer) OWNER TO countersign_owner;
ALTER FUNCTION countersign.gate_next(integer, integer) OWNER TO countersign_owner;
ALTER FUNCTION countersign.gate_done(integer, integer, bigint) OWNER TO countersign_owner;
ALTER FUNCTION countersign.gate_here() OWNER TO countersign_owner;
ALTER FUNCTION countersign.gate_guard() OWNER TO countersign_owner;
ALTER FUNCTION countersign.gate_pin(json) OWNER TO countersign_owner;
ALTER FUNCTION countersign.gate_open(text, text, integer) OWNER TO countersign_executor;
ALTER FUNCTION countersign.gate_rehearse(text, integer) OWNER TO countersign_executor;
ALTER FUNCTION countersign.gate_statement(integer, integer) OWNER TO countersign_executor;
ALTER FUNCTION countersign.gate_constraints() OWNER TO countersign_executor;

REVOKE ALL ON countersign.gate_run, countersign.gate_step FROM PUBLIC;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA countersign FROM PUBLIC;
GRANT USAGE ON SCHEMA countersign TO countersign_executor, countersign_rehearser;
GRANT SELECT ON countersign.gate_run TO countersign_reader, countersign_reviewer, countersign_operator;
GRANT EXECUTE ON FUNCTION countersign.gate_enter(text, text, integer), countersign.gate_enter_rehearsal(text, integer),
  countersign.gate_next(integer, integer), countersign.gate_done(integer, integer, bigint), countersign.gate_here(),
  countersign.gate_pin(json), countersign.gate_refuse(text) TO countersign_executor;
GRANT EXECUTE ON FUNCTION countersign.gate_refusal(text), countersign.gate_open(text, text, integer) TO countersign_operator;
GRANT EXECUTE ON FUNCTION countersign.gate_rehearse(text, integer) TO countersign_rehearser;
GRANT EXECUTE ON FUNCTION countersign.gate_statement(integer, integer), countersign.gate_constraints()
  TO countersign_operator, countersign_rehearser;
