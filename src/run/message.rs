//! The messages the machine sends that are not the plan's own statements.

use crate::plan::Settings;
use crate::runbook::ObjectName;

/// Reads the relations there are: `oid, schema, name`. At most 50,000, which is more than anybody reads in a trace.
pub(super) const NAMES: &str = "SELECT c.oid::text, n.nspname::text, c.relname::text FROM pg_catalog.pg_class c \
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
    WHERE c.oid >= 16384 AND n.nspname <> 'pg_toast' ORDER BY c.oid LIMIT 50000";

/// Reads the transaction's id and the relations it holds locks on: `xid, oid, schema, name, mode`.
pub(super) const LOOK_AROUND: &str = "SELECT pg_catalog.pg_current_xact_id_if_assigned()::text, l.relation::text, \
    n.nspname::text, c.relname::text, l.mode FROM (SELECT 1) AS one \
    LEFT JOIN pg_catalog.pg_locks l ON l.pid = pg_catalog.pg_backend_pid() AND l.locktype = 'relation' \
    AND l.relation >= 16384 \
    LEFT JOIN pg_catalog.pg_class c ON c.oid = l.relation \
    LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace";

/// Sets every pinned setting for the transaction only (D-4).
pub(super) fn pin(settings: &Settings) -> String {
    let sets: Vec<String> = settings
        .to_set()
        .iter()
        .map(|(name, value)| format!("pg_catalog.set_config({}, {}, true)", literal(name), literal(value)))
        .collect();
    format!("SELECT {}", sets.join(", "))
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
