//! Takes a function's name; answers whether what it does outlives ROLLBACK.

/// Functions whose effect survives ROLLBACK, or reaches beyond the database.
const SURVIVES: &[&str] = &[
    "nextval",
    "setval",
    "lo_import",
    "lo_export",
    "pg_cancel_backend",
    "pg_create_restore_point",
    "pg_ls_dir",
    "pg_notify",
    "pg_promote",
    "pg_read_binary_file",
    "pg_read_file",
    "pg_reload_conf",
    "pg_rotate_logfile",
    "pg_sleep",
    "pg_sleep_for",
    "pg_sleep_until",
    "pg_stat_file",
    "pg_stat_reset",
    "pg_switch_wal",
    "pg_terminate_backend",
    "pg_file_write",
    "pg_file_unlink",
    "pg_logical_emit_message",
    "query_to_xml",
    "query_to_xml_and_xmlschema",
    "table_to_xml",
    "currval",
    "lastval",
];
const SURVIVES_BEGINNING: &[&str] =
    &["dblink", "pg_advisory_", "pg_try_advisory_", "pg_replication_", "pg_logical_", "lo_"];

/// Returns whether a function's effect survives ROLLBACK, or reaches beyond the database.
#[must_use]
pub fn survives_rollback(name: &str) -> bool {
    SURVIVES.contains(&name) || SURVIVES_BEGINNING.iter().any(|beginning| name.starts_with(beginning))
}
