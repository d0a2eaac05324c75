//! The messages that end another session, and what they must answer (D-15).

use super::{Reply, message};
use crate::plan::{EndSession, Settings};

/// Begins the transaction in which it is recorded.
pub const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE";
/// Takes the target's mutex: nobody runs anything meanwhile.
pub const MUTEX: &str = "SELECT 1 FROM countersign.mutex FOR UPDATE NOWAIT";
/// Asks for the transaction's number, which proves later what became of it.
pub const XID: &str = "SELECT pg_catalog.pg_current_xact_id()::text";

/// Sets the plan's settings for the transaction.
#[must_use]
pub fn pin(settings: &Settings) -> String {
    message::pin(settings)
}

/// Picks exactly that session: same process, same start, same transaction.
fn that_session(end: &EndSession) -> String {
    format!(
        "FROM pg_catalog.pg_stat_activity AS a WHERE a.pid = {} AND a.backend_start = '{}'::pg_catalog.timestamptz \
         AND a.xact_start = '{}'::pg_catalog.timestamptz AND a.datname = pg_catalog.current_database() \
         AND a.pid <> pg_catalog.pg_backend_pid()",
        end.pid, end.backend_start, end.xact_start
    )
}

/// Asks whether that session is there, and whether this login may end it: no row, `may` or `may not`.
#[must_use]
pub fn look(end: &EndSession) -> String {
    let mine = "(SELECT r.rolsuper FROM pg_catalog.pg_roles AS r WHERE r.rolname = current_user)";
    let theirs = "COALESCE((SELECT r.rolsuper FROM pg_catalog.pg_roles AS r WHERE r.oid = a.usesysid), true)";
    let signal = "pg_catalog.pg_has_role(current_user, 'pg_signal_backend', 'USAGE')";
    format!(
        "SELECT CASE WHEN {mine} OR (NOT {theirs} AND (pg_catalog.pg_has_role(current_user, a.usesysid, 'USAGE') OR {signal})) \
         THEN 'may' ELSE 'may not' END {}",
        that_session(end)
    )
}

/// Ends that session, if it is still that session: one statement, so that no other can come in between.
#[must_use]
pub fn terminate(end: &EndSession) -> String {
    format!("SELECT pg_catalog.pg_terminate_backend(a.pid)::text {}", that_session(end))
}

/// Says why a session was not ended; nothing when the server has sent the signal.
#[must_use]
pub fn refused(reply: &Reply) -> Option<String> {
    if let Some(error) = &reply.error {
        return Some(format!("{} ({})", error.message, error.code));
    }
    match reply.rows.as_slice() {
        [] => Some("it is no longer that session: it has ended, or its transaction has".to_owned()),
        [row] if row.first().is_some_and(|cell| cell.as_deref() == Some("true")) => None,
        _ => Some("the server did not send the signal".to_owned()),
    }
}

/// Asks whether the process is still there. The server keeps its look at others for a transaction unless told otherwise.
#[must_use]
pub fn is_there(end: &EndSession) -> String {
    format!(
        "WITH fresh AS MATERIALIZED (SELECT pg_catalog.pg_stat_clear_snapshot()::text AS done), \
         still AS MATERIALIZED (SELECT pg_catalog.pg_sleep(0.1)::text AS slept FROM fresh) \
         SELECT (SELECT pg_catalog.count(*) FROM pg_catalog.pg_stat_get_activity(CASE WHEN still.slept IS NOT NULL THEN {} END) AS a \
         WHERE a.backend_start = '{}'::pg_catalog.timestamptz)::text FROM still",
        end.pid, end.backend_start
    )
}
