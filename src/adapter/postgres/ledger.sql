-- The ledger of Countersign: append-only, hash-chained, one row a deed.
--
-- Run it in one transaction, as the role that shall own the ledger (best: one that nobody logs in as). It touches nothing
-- outside the schema `countersign`, except that it makes the group role `countersign_desk` when there is none and it may.
-- People's logins are members of that group: GRANT countersign_desk TO somebody;

CREATE SCHEMA countersign;
COMMENT ON SCHEMA countersign IS 'Countersign: the append-only ledger of what was approved, run and stopped';

CREATE TABLE countersign.entry (
  seq bigint PRIMARY KEY,
  at text NOT NULL,
  actor text NOT NULL,
  xid text NOT NULL,
  kind text NOT NULL CHECK (kind ~ '^[a-z_]{1,40}$'),
  body text NOT NULL CHECK (octet_length(body) <= 33554432),
  previous text NOT NULL,
  hash text NOT NULL UNIQUE
);
COMMENT ON TABLE countersign.entry IS 'Everything but kind and body is set by the server';

-- The newest entry; locked while one is appended, so that the chain is a line.
CREATE TABLE countersign.head (
  one boolean PRIMARY KEY DEFAULT true CHECK (one),
  seq bigint NOT NULL,
  hash text NOT NULL
);
-- SHA-256 of 'countersign/ledger/1'.
INSERT INTO countersign.head (seq, hash) VALUES (0, '77d0864d891a64334568e7e1f46037f9bd4911f90d9d96ae27493e6aaf1168ac');

-- Who holds this row is the one executor on this database.
CREATE TABLE countersign.mutex (
  one boolean PRIMARY KEY DEFAULT true CHECK (one)
);
INSERT INTO countersign.mutex DEFAULT VALUES;

CREATE FUNCTION countersign.append() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
  last countersign.head%ROWTYPE;
  field text;
  line text := '';
BEGIN
  IF (NEW.body::json ->> 'kind') IS DISTINCT FROM NEW.kind THEN
    RAISE EXCEPTION 'the body of a ledger entry must be JSON whose "kind" is %', quote_literal(NEW.kind) USING ERRCODE = 'check_violation';
  END IF;
  SELECT * INTO STRICT last FROM countersign.head FOR UPDATE;
  NEW.seq := last.seq + 1;
  NEW.at := to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"');
  NEW.actor := session_user;
  NEW.xid := pg_current_xact_id()::text;
  NEW.previous := last.hash;
  -- Netstrings: the length in bytes, a colon, the bytes, a comma. No two entries share a text.
  FOREACH field IN ARRAY ARRAY['countersign/ledger/1', NEW.seq::text, NEW.at, NEW.actor, NEW.xid, NEW.kind, NEW.body, NEW.previous] LOOP
    line := line || octet_length(convert_to(field, 'UTF8')) || ':' || field || ',';
  END LOOP;
  NEW.hash := encode(sha256(convert_to(line, 'UTF8')), 'hex');
  UPDATE countersign.head SET seq = NEW.seq, hash = NEW.hash;
  PERFORM pg_notify('countersign', NEW.seq::text);
  RETURN NEW;
END
$body$;

CREATE FUNCTION countersign.deny() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $body$
BEGIN
  RAISE EXCEPTION '% on countersign.% is denied: the ledger is append-only', TG_OP, TG_TABLE_NAME
    USING ERRCODE = 'insufficient_privilege', HINT = 'Append another entry instead.';
END
$body$;

CREATE TRIGGER append BEFORE INSERT ON countersign.entry FOR EACH ROW EXECUTE FUNCTION countersign.append();
CREATE TRIGGER deny BEFORE UPDATE OR DELETE OR TRUNCATE ON countersign.entry FOR EACH STATEMENT EXECUTE FUNCTION countersign.deny();
CREATE TRIGGER deny BEFORE INSERT OR DELETE OR TRUNCATE ON countersign.head FOR EACH STATEMENT EXECUTE FUNCTION countersign.deny();
CREATE TRIGGER deny BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON countersign.mutex FOR EACH STATEMENT EXECUTE FUNCTION countersign.deny();
-- ALWAYS: session_replication_role = replica does not turn them off.
ALTER TABLE countersign.entry ENABLE ALWAYS TRIGGER append;
ALTER TABLE countersign.entry ENABLE ALWAYS TRIGGER deny;
ALTER TABLE countersign.head ENABLE ALWAYS TRIGGER deny;
ALTER TABLE countersign.mutex ENABLE ALWAYS TRIGGER deny;

REVOKE ALL ON SCHEMA countersign FROM PUBLIC;
REVOKE ALL ON ALL TABLES IN SCHEMA countersign FROM PUBLIC;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA countersign FROM PUBLIC;

DO $body$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'countersign_desk') THEN
    BEGIN
      CREATE ROLE countersign_desk NOLOGIN;
    EXCEPTION WHEN insufficient_privilege OR duplicate_object OR unique_violation THEN NULL;
    END;
  END IF;
  IF EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'countersign_desk') THEN
    GRANT USAGE ON SCHEMA countersign TO countersign_desk;
    GRANT SELECT, INSERT (kind, body) ON countersign.entry TO countersign_desk;
    GRANT SELECT ON countersign.head TO countersign_desk;
    -- UPDATE is what FOR UPDATE asks for; the trigger denies the update itself.
    GRANT SELECT, UPDATE ON countersign.mutex TO countersign_desk;
  END IF;
END
$body$;
