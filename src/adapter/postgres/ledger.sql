-- The ledger of Countersign: append-only, hash-chained, one row a deed.
--
-- Run it in one transaction, as the role that shall own the ledger (best: one that nobody logs in as). It touches nothing
-- outside the schema `countersign`, except that it makes the group role `countersign_desk` when there is none and it may.
-- People's logins are members of that group: GRANT countersign_desk TO somebody; or of the roles that `ledger init --grants`
-- makes, which may do less each.

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
  hash text NOT NULL,
  -- Set by the first mapped login, and never unset: without a mapping nobody is known, so nobody is let through.
  mapped boolean NOT NULL DEFAULT false
);
-- SHA-256 of 'countersign/ledger/1'.
INSERT INTO countersign.head (seq, hash) VALUES (0, '77d0864d891a64334568e7e1f46037f9bd4911f90d9d96ae27493e6aaf1168ac');

-- Who holds this row is the one executor on this database.
CREATE TABLE countersign.mutex (
  one boolean PRIMARY KEY DEFAULT true CHECK (one)
);
INSERT INTO countersign.mutex DEFAULT VALUES;

-- Which login speaks for which person. One login speaks for one person; a person may have several.
CREATE TABLE countersign.login (
  login text PRIMARY KEY,
  principal text NOT NULL CHECK (principal <> ''),
  since text NOT NULL,
  mapped_by text NOT NULL
);
COMMENT ON TABLE countersign.login IS 'Kept by the owner of the ledger; since and mapped_by are set by the server';

-- Says why this login may not append such an entry in the name of these people; NULL when it may.
CREATE FUNCTION countersign.refusal(kind text, principals text[]) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
  wanted text[] := CASE
    WHEN kind IN ('approved', 'withdrawn') THEN ARRAY['countersign_reviewer']
    WHEN kind IN ('baseline', 'staged', 'intent', 'committed', 'ended') THEN ARRAY['countersign_operator']
    -- To halt and to refuse is the safe side; a requester takes back a request by rejecting it. A restart is signed by people
    -- of every kind; which of its signatures count is for the desks to check.
    -- Everybody human on the first version of the roster signs it, so every kind of desk appends about it.
    WHEN kind IN ('rejected', 'stopped', 'restart', 'finding', 'roster_proposed', 'roster_approved', 'roster_withdrawn') THEN ARRAY['countersign_reviewer', 'countersign_operator']
    ELSE ARRAY[]::text[]
  END;
  who text;
BEGIN
  IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = session_user)
    AND NOT EXISTS (SELECT FROM pg_roles r
      WHERE r.rolname = ANY (wanted || ARRAY['countersign_desk']) AND pg_has_role(session_user, r.oid, 'MEMBER'))
    -- Whoever made the ledger works alone until the grants are applied; they give it to countersign_owner.
    AND NOT EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_roles o ON o.oid = c.relowner
      WHERE n.nspname = 'countersign' AND c.relname = 'entry' AND o.rolname <> 'countersign_owner'
        AND pg_has_role(session_user, o.oid, 'MEMBER'))
  THEN
    RETURN format('login %s may not append entries of kind %s: that is for members of %s', quote_ident(session_user),
      quote_literal(kind), array_to_string(wanted || ARRAY['countersign_desk'], ' or '));
  END IF;
  -- Superusers too: nobody writes in another's name by an oversight.
  IF (SELECT h.mapped FROM countersign.head h) THEN
    FOREACH who IN ARRAY principals LOOP
      IF NOT EXISTS (SELECT FROM countersign.login l WHERE l.login = session_user AND l.principal = who) THEN
        RETURN format('login %s is not mapped to %s, so it may not append entries of kind %s in that name', quote_ident(session_user),
          COALESCE(quote_literal(who), 'nobody'), quote_literal(kind));
      END IF;
    END LOOP;
  END IF;
  RETURN NULL;
END
$body$;

CREATE FUNCTION countersign.append() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $body$
DECLARE
  last countersign.head%ROWTYPE;
  said json;
  reason text;
  field text;
  line text := '';
BEGIN
  said := NEW.body::json;
  IF (said ->> 'kind') IS DISTINCT FROM NEW.kind THEN
    RAISE EXCEPTION 'the body of a ledger entry must be JSON whose "kind" is %', quote_literal(NEW.kind) USING ERRCODE = 'check_violation';
  END IF;
  -- One after another from here on; whoever changes a mapping takes this row as well.
  SELECT * INTO STRICT last FROM countersign.head FOR UPDATE;
  reason := countersign.refusal(NEW.kind, CASE
    WHEN NEW.kind IN ('staged', 'approved', 'rejected', 'withdrawn', 'restart', 'roster_proposed', 'roster_approved', 'roster_withdrawn')
      THEN ARRAY[said #>> '{signature,principal}']
    WHEN NEW.kind = 'intent' THEN ARRAY[said ->> 'operator', said #>> '{signature,principal}']
    -- A stop that a condition tripped has nobody's name.
    WHEN NEW.kind = 'stopped' THEN array_remove(ARRAY[said ->> 'by'], NULL)
    ELSE ARRAY[]::text[]
  END);
  IF reason IS NOT NULL THEN
    RAISE EXCEPTION '%', reason USING ERRCODE = 'insufficient_privilege',
      HINT = 'Connect as your own login; the owner of the ledger maps logins and grants roles.';
  END IF;
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

CREATE FUNCTION countersign.map() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $body$
BEGIN
  -- The first mapping turns the check on. The row is written every time: an append whose snapshot is older fails then.
  UPDATE countersign.head SET mapped = true;
  IF TG_OP = 'DELETE' THEN
    RETURN OLD;
  END IF;
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = NEW.login AND rolcanlogin) THEN
    RAISE EXCEPTION 'there is no role % that can log in', quote_ident(NEW.login) USING ERRCODE = 'undefined_object';
  END IF;
  NEW.since := to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"');
  NEW.mapped_by := session_user;
  RETURN NEW;
END
$body$;

CREATE TRIGGER append BEFORE INSERT ON countersign.entry FOR EACH ROW EXECUTE FUNCTION countersign.append();
CREATE TRIGGER deny BEFORE UPDATE OR DELETE OR TRUNCATE ON countersign.entry FOR EACH STATEMENT EXECUTE FUNCTION countersign.deny();
CREATE TRIGGER deny BEFORE INSERT OR DELETE OR TRUNCATE ON countersign.head FOR EACH STATEMENT EXECUTE FUNCTION countersign.deny();
-- Only the triggers above move the head: a direct update would make a gap.
CREATE TRIGGER deny_update BEFORE UPDATE ON countersign.head FOR EACH STATEMENT WHEN (pg_catalog.pg_trigger_depth() = 0)
  EXECUTE FUNCTION countersign.deny();
CREATE TRIGGER map BEFORE INSERT OR DELETE ON countersign.login FOR EACH ROW EXECUTE FUNCTION countersign.map();
CREATE TRIGGER deny BEFORE UPDATE OR TRUNCATE ON countersign.login FOR EACH STATEMENT EXECUTE FUNCTION countersign.deny();
CREATE TRIGGER deny BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON countersign.mutex FOR EACH STATEMENT EXECUTE FUNCTION countersign.deny();
-- ALWAYS: session_replication_role = replica does not turn them off.
ALTER TABLE countersign.entry ENABLE ALWAYS TRIGGER append;
ALTER TABLE countersign.entry ENABLE ALWAYS TRIGGER deny;
ALTER TABLE countersign.head ENABLE ALWAYS TRIGGER deny;
ALTER TABLE countersign.head ENABLE ALWAYS TRIGGER deny_update;
ALTER TABLE countersign.login ENABLE ALWAYS TRIGGER map;
ALTER TABLE countersign.login ENABLE ALWAYS TRIGGER deny;
ALTER TABLE countersign.mutex ENABLE ALWAYS TRIGGER deny;

REVOKE ALL ON SCHEMA countersign FROM PUBLIC;
REVOKE ALL ON ALL TABLES IN SCHEMA countersign FROM PUBLIC;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA countersign FROM PUBLIC;
-- The owner too: it can grant this to itself again and drop the triggers, but nothing is rewritten by an oversight.
REVOKE UPDATE, DELETE, TRUNCATE ON countersign.entry FROM CURRENT_USER;
REVOKE UPDATE, TRUNCATE ON countersign.login FROM CURRENT_USER;

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
    GRANT SELECT ON countersign.head, countersign.login TO countersign_desk;
    GRANT EXECUTE ON FUNCTION countersign.refusal(text, text[]) TO countersign_desk;
    -- UPDATE is what FOR UPDATE asks for; the trigger denies the update itself.
    GRANT SELECT, UPDATE ON countersign.mutex TO countersign_desk;
  END IF;
END
$body$;
