-- The roles of the ledger. Run it in one transaction, after the ledger was made, as a superuser or as the role that owns the
-- ledger and may make roles and give things to countersign_owner. It may be run again.
--
--   countersign_reader    reads the ledger
--   countersign_reviewer  reads, and appends what reviewers say: approved, rejected, withdrawn
--   countersign_operator  reads, takes the mutex, and appends what touches the target: baseline, staged, intent, outcome
--   countersign_owner     owns the ledger and maps logins to people; appends nothing
--
-- Reviewer and operator may both append rejections, stops, findings, and what is done about the roster. countersign_desk stays what it is: reviewer and
-- operator in one. Take people out of it once they have a role of their own.
-- Give nobody countersign_owner who is also a reviewer or an operator: who maps logins could map somebody else's.

DO $body$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['countersign_reader', 'countersign_reviewer', 'countersign_operator', 'countersign_owner'] LOOP
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

GRANT USAGE ON SCHEMA countersign TO countersign_reader, countersign_reviewer, countersign_operator;
GRANT SELECT ON countersign.entry, countersign.head, countersign.login
  TO countersign_reader, countersign_reviewer, countersign_operator;
GRANT EXECUTE ON FUNCTION countersign.refusal(text, text[]) TO countersign_reader, countersign_reviewer, countersign_operator;
-- Which kinds, the trigger says.
GRANT INSERT (kind, body) ON countersign.entry TO countersign_reviewer, countersign_operator;
-- UPDATE is what FOR UPDATE asks for; the trigger denies the update itself.
GRANT SELECT, UPDATE ON countersign.mutex TO countersign_operator;

ALTER SCHEMA countersign OWNER TO countersign_owner;
ALTER TABLE countersign.entry OWNER TO countersign_owner;
ALTER TABLE countersign.head OWNER TO countersign_owner;
ALTER TABLE countersign.mutex OWNER TO countersign_owner;
ALTER TABLE countersign.login OWNER TO countersign_owner;
ALTER FUNCTION countersign.refusal(text, text[]) OWNER TO countersign_owner;
ALTER FUNCTION countersign.append() OWNER TO countersign_owner;
ALTER FUNCTION countersign.map() OWNER TO countersign_owner;
ALTER FUNCTION countersign.deny() OWNER TO countersign_owner;
REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON countersign.entry FROM countersign_owner;
REVOKE UPDATE, TRUNCATE ON countersign.login FROM countersign_owner;
