//! Takes the name of a function of `PostgreSQL`'s own, or of a known extension; answers what its call does beyond computing.
//!
//! Every volatile function of `PostgreSQL` 13 to 18 that SQL can call is on a list; a test asks the server at hand. A name
//! that is on no list is [`None`]: whoever asks decides by the function's volatility, or does not pass it.

use super::tree::{Node, as_kind, items, kind, present, strings, truth};

/// What a call does beyond computing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Nothing, though the catalog calls it volatile: it reads a clock, chance, or the state of the session or server.
    Harmless,
    /// Nothing that outlives the transaction, but others meet it: the text says what.
    Noted(&'static str),
    /// It writes, and ROLLBACK takes it back, but no count of rows shows it: the text says what.
    RollsBack(&'static str),
    /// It outlives ROLLBACK, or reaches beyond the database: the text says what.
    Survives(&'static str),
}

use Effect::{Harmless, Noted, RollsBack, Survives};

const SEQUENCE: Effect = Survives("it moves a sequence");
const FILES: Effect = Survives("it reads or writes the server's own files");
const SESSIONS: Effect = Survives("it ends or disturbs other sessions");
const SERVER: Effect = Survives("it acts on the whole server");
const STATISTICS: Effect = Survives("it throws away the server's statistics");
const REPLICATION: Effect = Survives("it changes replication, whose state is outside every transaction");
const SESSION_LOCK: Effect = Survives("it takes or gives up a lock that the session holds beyond the transaction");
const WAITS: Effect = Survives("it holds the transaction and its locks open while it waits");
const RUNS_TEXT: Effect = Survives("it runs a query that is given as text");
const ELSEWHERE: Effect = Survives("it acts over a connection of its own, on this or another server");
const PAGES: Effect = Survives("it changes the pages of a table outside every transaction");
const LARGE_OBJECT: Effect = RollsBack("it may write a large object");
const CATALOG: Effect = RollsBack("it writes to the system catalog");
const NOTIFIES: Effect = Noted("listeners hear it when the transaction commits");
const SNAPSHOT: Effect = Noted("other sessions may see what this transaction sees, until it ends");
const TRANSACTION_LOCK: Effect = Noted("it takes an advisory lock until the transaction ends");

/// Whole names, by what they do.
const NAMED: &[(Effect, &[&str])] = &[
    (SEQUENCE, &["nextval", "setval"]),
    (
        FILES,
        &[
            "lo_import",
            "lo_export",
            "pg_stat_file",
            "pg_logdir_ls",
            "pg_rotate_logfile_old",
            "pg_current_logfile",
            "pg_hba_file_rules",
            "pg_ident_file_mappings",
            "pg_show_all_file_settings",
        ],
    ),
    (SESSIONS, &["pg_cancel_backend", "pg_terminate_backend", "pg_log_backend_memory_contexts"]),
    (
        SERVER,
        &[
            "pg_reload_conf",
            "pg_rotate_logfile",
            "pg_switch_wal",
            "pg_switch_xlog",
            "pg_create_restore_point",
            "pg_promote",
            "pg_start_backup",
            "pg_stop_backup",
            "pg_nextoid",
            "pg_stop_making_pinned_objects",
            "pg_log_standby_snapshot",
            "pg_prewarm",
            "autoprewarm_start_worker",
            "autoprewarm_dump_now",
            "pg_buffercache_evict",
            "pg_buffercache_evict_all",
            "pg_buffercache_evict_relation",
        ],
    ),
    (STATISTICS, &["pg_stat_statements_reset"]),
    (REPLICATION, &["pg_sync_replication_slots"]),
    (
        SESSION_LOCK,
        &[
            "pg_advisory_lock",
            "pg_advisory_lock_shared",
            "pg_try_advisory_lock",
            "pg_try_advisory_lock_shared",
            "pg_advisory_unlock",
            "pg_advisory_unlock_shared",
            "pg_advisory_unlock_all",
        ],
    ),
    (
        RUNS_TEXT,
        &[
            "query_to_xml",
            "query_to_xmlschema",
            "query_to_xml_and_xmlschema",
            "cursor_to_xml",
            "cursor_to_xmlschema",
            "table_to_xml",
            "table_to_xml_and_xmlschema",
            "schema_to_xml",
            "schema_to_xml_and_xmlschema",
            "database_to_xml",
            "database_to_xml_and_xmlschema",
            "ts_stat",
            "crosstab",
            "crosstab2",
            "crosstab3",
            "crosstab4",
            "crosstab_hash",
            "connectby",
            "xpath_table",
        ],
    ),
    (
        ELSEWHERE,
        &[
            "http",
            "http_get",
            "http_post",
            "http_put",
            "http_patch",
            "http_delete",
            "http_head",
            "postgres_fdw_disconnect",
        ],
    ),
    (PAGES, &["heap_force_kill", "heap_force_freeze", "pg_truncate_visibility_map"]),
    (PAGES, &["brin_summarize_new_values", "brin_summarize_range", "brin_desummarize_range", "gin_clean_pending_list"]),
    (
        LARGE_OBJECT,
        &[
            "lo_creat",
            "lo_create",
            "lo_from_bytea",
            "lo_open",
            "lo_put",
            "lo_truncate",
            "lo_truncate64",
            "lo_unlink",
            "lo_manage",
            "lowrite",
        ],
    ),
    (CATALOG, &["pg_import_system_collations", "pg_extension_config_dump"]),
    (
        CATALOG,
        &[
            "pg_restore_relation_stats",
            "pg_restore_attribute_stats",
            "pg_clear_relation_stats",
            "pg_clear_attribute_stats",
            "pg_set_relation_stats",
            "pg_set_attribute_stats",
        ],
    ),
    (NOTIFIES, &["pg_notify"]),
    (SNAPSHOT, &["pg_export_snapshot"]),
    (
        TRANSACTION_LOCK,
        &[
            "pg_advisory_xact_lock",
            "pg_advisory_xact_lock_shared",
            "pg_try_advisory_xact_lock",
            "pg_try_advisory_xact_lock_shared",
        ],
    ),
    (
        Harmless,
        &[
            "clock_timestamp",
            "timeofday",
            "timezone",
            "random",
            "random_normal",
            "setseed",
            "gen_random_uuid",
            "uuidv4",
            "uuidv7",
            "array_shuffle",
            "array_sample",
            "current_query",
            "currval",
            "lastval",
            "currtid",
            "currtid2",
            "lo_close",
            "lo_get",
            "lo_lseek",
            "lo_lseek64",
            "lo_tell",
            "lo_tell64",
            "loread",
            "txid_status",
            "ts_rewrite",
            "row_security_active",
            "pg_available_wal_summaries",
            "pg_get_aios",
            "pg_get_backend_memory_contexts",
            "pg_get_loaded_modules",
            "pg_get_shmem_allocations",
            "pg_get_shmem_allocations_numa",
            "pg_get_wait_events",
            "pg_get_wal_resource_managers",
            "pg_get_wal_summarizer_state",
            "pg_is_in_backup",
            "pg_isolation_test_session_is_blocked",
            "pg_wal_summary_contents",
            "pg_blocking_pids",
            "pg_safe_snapshot_blocking_pids",
            "pg_collation_actual_version",
            "pg_database_collation_actual_version",
            "pg_control_checkpoint",
            "pg_control_init",
            "pg_control_recovery",
            "pg_control_system",
            "pg_current_wal_flush_lsn",
            "pg_current_wal_insert_lsn",
            "pg_current_wal_lsn",
            "pg_database_size",
            "pg_relation_size",
            "pg_indexes_size",
            "pg_table_size",
            "pg_tablespace_size",
            "pg_total_relation_size",
            "pg_get_multixact_members",
            "pg_is_in_recovery",
            "pg_is_wal_replay_paused",
            "pg_get_wal_replay_pause_state",
            "pg_jit_available",
            "pg_last_committed_xact",
            "pg_last_wal_receive_lsn",
            "pg_last_wal_replay_lsn",
            "pg_last_xact_replay_timestamp",
            "pg_lock_status",
            "pg_notification_queue_usage",
            "pg_partition_ancestors",
            "pg_partition_tree",
            "pg_prepared_xact",
            "pg_sequence_last_value",
            "pg_get_sequence_data",
            "pg_show_replication_origin_status",
            "pg_stat_clear_snapshot",
            "pg_stat_force_next_flush",
            "pg_xact_commit_timestamp",
            "pg_xact_commit_timestamp_origin",
            "pg_xact_status",
            "suppress_redundant_updates_trigger",
            "tsvector_update_trigger",
            "tsvector_update_trigger_column",
        ],
    ),
];

/// Beginnings of names, asked after the whole names; the longest is not sought, so the order matters.
const BEGINNING: &[(Effect, &[&str])] = &[
    (
        Harmless,
        &["pg_stat_get_", "pg_stat_have_", "pg_replication_origin_progress", "pg_replication_origin_session_is"],
    ),
    (STATISTICS, &["pg_stat_reset"]),
    (REPLICATION, &["pg_replication_", "pg_logical_", "pg_create_logical_", "pg_create_physical_", "pg_copy_logical_"]),
    (REPLICATION, &["pg_copy_physical_", "pg_drop_replication_"]),
    (SERVER, &["pg_backup_", "pg_wal_replay_", "pg_xlog_replay_", "binary_upgrade_"]),
    (FILES, &["pg_file_", "pg_read_", "pg_ls_"]),
    (WAITS, &["pg_sleep"]),
    (ELSEWHERE, &["dblink", "postgres_fdw_disconnect"]),
];

/// Returns what is known of a function by its name; `None` for a name on no list.
#[must_use]
pub fn effect_of(name: &str) -> Option<Effect> {
    let whole = NAMED.iter().find(|(_, names)| names.contains(&name));
    let beginning = || BEGINNING.iter().find(|(_, all)| all.iter().any(|beginning| name.starts_with(beginning)));
    whole.or_else(beginning).map(|(effect, _)| *effect)
}

/// Returns what is known of a call, its arguments looked at where they matter.
#[must_use]
pub fn effect_of_call(call: &Node) -> Option<Effect> {
    let name = strings(items(call, "funcname")).pop().unwrap_or_default();
    if name == "pg_logical_emit_message" && items(call, "args").first().is_some_and(is_true) {
        return Some(Noted("readers of the write-ahead log hear it when the transaction commits"));
    }
    effect_of(&name)
}

/// Returns whether a function's effect survives ROLLBACK, or reaches beyond the database.
#[must_use]
pub fn survives_rollback(name: &str) -> bool {
    matches!(effect_of(name), Some(Survives(_)))
}

/// Returns whether a function is known to do more than compute and read.
#[must_use]
pub fn acts(name: &str) -> bool {
    matches!(effect_of(name), Some(Survives(_) | RollsBack(_) | Noted(_)))
}

/// Returns whether a node is the constant `true`, written as such or as text that is cast.
fn is_true(node: &Node) -> bool {
    match kind(node) {
        Some(("AConst", constant)) => {
            let value = present(constant, "val");
            let sval = value.and_then(|value| as_kind(value, "Sval"));
            let boolval = value.and_then(|value| as_kind(value, "Boolval"));
            boolval.is_some_and(|value| truth(value, "boolval"))
                || sval.is_some_and(|value| matches!(super::tree::text(value, "sval"), "t" | "true"))
        }
        Some(("TypeCast", cast)) => present(cast, "arg").is_some_and(is_true),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::{Effect, acts, effect_of, effect_of_call, survives_rollback};
    use crate::runbook::sql::split;

    #[test]
    fn names() {
        let survive = "nextval setval lo_import lo_export dblink dblink_exec pg_advisory_lock pg_advisory_unlock_all \
            pg_terminate_backend pg_reload_conf pg_switch_wal pg_create_restore_point pg_replication_slot_advance pg_promote \
            pg_start_backup pg_backup_stop pg_wal_replay_pause pg_stat_reset_slru pg_file_write pg_read_file pg_ls_waldir \
            pg_sleep_for query_to_xml pg_create_logical_replication_slot pg_logical_slot_get_changes pg_logical_emit_message";
        for name in survive.split_whitespace() {
            assert!(survives_rollback(name) && acts(name), "{name}");
        }
        for name in ["lo_create", "lo_unlink", "lowrite", "lo_from_bytea", "pg_notify", "pg_advisory_xact_lock"] {
            assert!(!survives_rollback(name) && acts(name), "{name}");
        }
        for name in "random currval lo_get pg_stat_get_activity txid_current pg_current_xact_id xpath lower".split(' ')
        {
            assert!(!survives_rollback(name) && !acts(name), "{name}");
        }
        assert_eq!((effect_of("now"), effect_of("random")), (None, Some(Effect::Harmless)));
    }

    #[test]
    fn a_message_that_waits_for_commit_is_only_noted() {
        let survives = |sql: &str| {
            let statements = split(sql).unwrap();
            matches!(effect_of_call(statements[0].tree.all("FuncCall")[0]), Some(Effect::Survives(_)))
        };
        assert!(!survives("SELECT pg_logical_emit_message(true, 'a', 'b')"));
        assert!(!survives("SELECT pg_logical_emit_message('t'::boolean, 'a', 'b')"));
        assert!(survives("SELECT pg_logical_emit_message(false, 'a', 'b')"));
        assert!(survives("SELECT pg_logical_emit_message(1 = 1, 'a', 'b')"));
    }
}
