//! Takes values; gives SQL text that cannot be read as anything else.

use crate::plan::Settings;

/// Writes text as a literal that means the same whatever `standard_conforming_strings` says.
pub(super) fn literal(text: &str) -> String {
    let quoted = text.replace('\'', "''");
    if quoted.contains('\\') { format!("E'{}'", quoted.replace('\\', "\\\\")) } else { format!("'{quoted}'") }
}

/// Returns the statements that pin settings for one transaction.
///
/// `search_path` goes first, so that nothing in the rest can be shadowed. A setting that is right already is not set
/// again: an ordinary role may not set `session_replication_role`, not even to what it is.
pub(super) fn pin(settings: &Settings) -> [String; 2] {
    let path = settings.pinned.get("search_path").map_or("pg_catalog, pg_temp", String::as_str);
    let timeouts = [
        ("lock_timeout", settings.timeouts.lock_millis),
        ("statement_timeout", settings.timeouts.statement_millis),
        ("idle_in_transaction_session_timeout", settings.timeouts.idle_in_transaction_millis),
    ];
    let timeouts =
        timeouts.iter().map(|(name, millis)| format!("pg_catalog.set_config({}, '{millis}', true)", literal(name)));
    let pinned = settings.pinned.iter().map(|(name, value)| {
        let (name, value) = (literal(name), literal(value));
        format!("CASE WHEN pg_catalog.current_setting({name}) <> {value} THEN pg_catalog.set_config({name}, {value}, true) END")
    });
    // Compiling many small questions takes many times longer than answering them; it changes no answer.
    let jit = ["pg_catalog.set_config('jit', 'off', true)".to_owned()];
    let all: Vec<String> = timeouts.chain(pinned).chain(jit).collect();
    [
        format!("SELECT pg_catalog.set_config('search_path', {}, true)", literal(path)),
        format!("SELECT {}", all.join(",\n  ")),
    ]
}

/// Reads who and where a connection is; the columns are read by `target_of`.
pub(super) const TARGET: &str = "SELECT s.system_identifier::text, d.oid::text, d.datname, pg_catalog.current_setting('server_version_num'), \
    pg_catalog.pg_is_in_recovery(), session_user, c.timeline_id::text, \
    pg_catalog.to_char(pg_catalog.statement_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'), \
    pg_catalog.current_setting('is_superuser') = 'on' OR pg_catalog.pg_has_role('pg_read_all_stats', 'USAGE'), \
    pg_catalog.pg_backend_pid()::text, pg_catalog.current_setting('server_version') \
    FROM pg_catalog.pg_control_system() s, pg_catalog.pg_control_checkpoint() c, pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database()";
