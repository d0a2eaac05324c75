//! The messages the machine sends that are not the plan's own statements.

use super::locks::{LockMode, wanted};
use crate::plan::{Settings, Stage};
use crate::runbook::ObjectName;

/// Reads the relations there are: `oid, schema, name`. At most 50,000, which is more than anybody reads in a trace.
pub(super) const NAMES: &str = "SELECT c.oid::text, n.nspname::text, c.relname::text FROM pg_catalog.pg_class c \
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
    WHERE c.oid >= 16384 AND n.nspname <> 'pg_toast' ORDER BY c.oid LIMIT 50000";

/// Reads the transaction's id, the relations it holds locks on, and who waits for it (at most 20): `xid, oid, schema,
/// name, mode`, and behind them `pid, role, application, state, since, statement` of a session that waits.
///
/// A session that waits for a row waits for our transaction's end, and holds a lock on the row that names its table. The
/// server keeps its look at other sessions for a whole transaction unless it is told to look afresh.
pub(super) const LOOK_AROUND: &str = "WITH fresh AS MATERIALIZED (SELECT pg_catalog.pg_stat_clear_snapshot()::text AS done), \
    waiting AS MATERIALIZED (SELECT w.pid, w.mode, w.relation FROM pg_catalog.pg_locks w \
      WHERE NOT w.granted AND w.pid <> pg_catalog.pg_backend_pid()), \
    seen AS (SELECT l.relation, l.mode, 0 AS pid FROM pg_catalog.pg_locks l \
      WHERE l.pid = pg_catalog.pg_backend_pid() AND l.locktype = 'relation' AND l.relation >= 16384 \
      UNION ALL (SELECT COALESCE(w.relation, (SELECT t.relation FROM pg_catalog.pg_locks t \
        WHERE t.pid = w.pid AND t.locktype = 'tuple' AND t.granted LIMIT 1)), w.mode, w.pid FROM waiting w \
        WHERE pg_catalog.pg_backend_pid() = ANY (pg_catalog.pg_blocking_pids(w.pid)) ORDER BY w.pid LIMIT 20)) \
    SELECT pg_catalog.pg_current_xact_id_if_assigned()::text, s.relation::text, n.nspname::text, c.relname::text, s.mode, \
      NULLIF(s.pid, 0)::text, pg_catalog.pg_get_userbyid(a.usesysid)::text, a.application_name, a.state, \
      pg_catalog.to_char(a.xact_start AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'), pg_catalog.left(a.query, 2000) \
    FROM fresh LEFT JOIN seen s ON true LEFT JOIN pg_catalog.pg_class c ON c.oid = s.relation \
    LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
    LEFT JOIN LATERAL pg_catalog.pg_stat_get_activity(CASE WHEN fresh.done IS NOT NULL THEN COALESCE(s.pid, 0) ELSE 0 END) AS a \
      ON s.pid <> 0";

/// Reads which sessions hold locks that the stage would wait for (at most 20): `oid, schema, name, mode, pid, role,
/// application, state, since, statement`. `#named#` is replaced by the relations and the modes that conflict.
///
/// Partitions and children are locked with their parent; what is dropped locks the partner of its foreign keys. A
/// prepared transaction has no process; the lock on its own number tells which it is.
const HOLDERS: &str = "WITH RECURSIVE fresh AS MATERIALIZED (SELECT pg_catalog.pg_stat_clear_snapshot()::text AS done), \
    named (schema, name, modes, partners) AS (VALUES #named#), \
    direct AS (SELECT c.oid, v.modes, v.partners FROM named v JOIN pg_catalog.pg_namespace n ON n.nspname = v.schema \
      JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = v.name), \
    wanted AS (SELECT d.oid, d.modes FROM direct d \
      UNION SELECT CASE k.conrelid WHEN d.oid THEN k.confrelid ELSE k.conrelid END, d.modes FROM direct d \
        JOIN pg_catalog.pg_constraint k ON k.contype = 'f' AND d.oid IN (k.conrelid, k.confrelid) WHERE d.partners \
      UNION SELECT i.inhrelid, w.modes FROM wanted w JOIN pg_catalog.pg_inherits i ON i.inhparent = w.oid), \
    held AS (SELECT DISTINCT ON (l.relation, l.pid, l.virtualtransaction) l.relation, l.pid, l.mode, l.virtualtransaction \
      FROM pg_catalog.pg_locks l JOIN wanted w ON w.oid = l.relation AND l.mode = ANY (w.modes) \
      WHERE l.locktype = 'relation' AND l.granted AND l.pid IS DISTINCT FROM pg_catalog.pg_backend_pid() \
        AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database()) \
      ORDER BY l.relation, l.pid, l.virtualtransaction, pg_catalog.array_position(#modes#, l.mode) DESC) \
    SELECT h.relation::text, n.nspname::text, c.relname::text, h.mode, COALESCE(h.pid, 0)::text, \
      COALESCE(pg_catalog.pg_get_userbyid(a.usesysid), p.owner)::text, COALESCE(a.application_name, p.gid), \
      COALESCE(a.state, CASE WHEN h.pid IS NULL THEN 'prepared' END), \
      pg_catalog.to_char(COALESCE(a.xact_start, p.prepared) AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'), \
      pg_catalog.left(a.query, 2000) \
    FROM fresh JOIN held h ON true JOIN pg_catalog.pg_class c ON c.oid = h.relation \
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
    LEFT JOIN LATERAL pg_catalog.pg_stat_get_activity(CASE WHEN fresh.done IS NOT NULL THEN COALESCE(h.pid, 0) ELSE 0 END) AS a \
      ON h.pid IS NOT NULL \
    LEFT JOIN pg_catalog.pg_locks x ON h.pid IS NULL AND x.pid IS NULL AND x.locktype = 'transactionid' AND x.granted \
      AND x.virtualtransaction = h.virtualtransaction \
    LEFT JOIN pg_catalog.pg_prepared_xacts p ON p.transaction = x.transactionid \
    ORDER BY COALESCE(a.xact_start, p.prepared), h.pid, n.nspname, c.relname LIMIT 20";

/// Asks whom a stage would wait for, before it locks anything.
pub(super) fn holders(stage: &Stage, settings: &Settings) -> String {
    let modes = |modes: &[LockMode]| {
        let names: Vec<String> = modes.iter().map(|mode| literal(mode.name())).collect();
        format!("ARRAY[{}]::pg_catalog.text[]", names.join(", "))
    };
    let row = |(name, wanted): (&ObjectName, &LockMode)| {
        let against: Vec<LockMode> = LockMode::ALL.into_iter().filter(|mode| wanted.conflicts_with(*mode)).collect();
        let partners = stage.drops.contains(name);
        format!("({}, {}, {}, {partners})", literal(&name.schema), literal(&name.name), modes(&against))
    };
    let wanted = wanted(stage, &settings.schema);
    // No relation has an empty name: it keeps the list from being empty.
    let nothing = format!("('', '', {}, false)", modes(&[]));
    let rows: Vec<String> = wanted.iter().map(row).chain([nothing]).collect();
    HOLDERS.replace("#modes#", &modes(&LockMode::ALL)).replace("#named#", &rows.join(", "))
}

/// Sets every pinned setting for the transaction only (D-4).
pub(super) fn pin(settings: &Settings) -> String {
    let sets: Vec<String> = settings
        .to_set()
        .iter()
        .map(|(name, value)| format!("pg_catalog.set_config({}, {}, true)", literal(name), literal(value)))
        .collect();
    // Compiling the census and the books takes many times longer than running them; it changes no answer.
    format!("SELECT {}, pg_catalog.set_config('jit', 'off', true)", sets.join(", "))
}

/// Reads every pinned and asserted setting back: `name, setting`.
pub(super) fn read_settings(settings: &Settings) -> String {
    let to_set = settings.to_set();
    let names: Vec<String> = to_set.keys().chain(settings.asserted.keys()).map(|name| literal(name)).collect();
    format!("SELECT name, setting FROM pg_catalog.pg_settings WHERE name IN ({})", names.join(", "))
}

/// Stops writers on these tables and lets readers through; nothing when there are none.
pub(super) fn lock(tables: &[ObjectName]) -> Option<String> {
    let tables: Vec<String> = tables.iter().map(ObjectName::quoted).collect();
    (!tables.is_empty()).then(|| format!("LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE", tables.join(", ")))
}

/// Reads one row of [`NAMES`].
pub(super) fn name_of(row: &[Option<String>]) -> Option<(String, ObjectName)> {
    let [Some(oid), Some(schema), Some(name)] = row else { return None };
    Some((oid.clone(), ObjectName::new(schema, name)))
}

/// Quotes a text as a SQL literal; `standard_conforming_strings` is pinned on.
fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
