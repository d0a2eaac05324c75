//! `not-in-a-transaction`: what PostgreSQL refuses inside a transaction block cannot be part of a reversal.

use super::{Found, RuleInfo, Scene, Spot};
use crate::runbook::sql::tree::{Node, as_kind, items, number, present, text, truth};
use pg_query::protobuf::{DiscardMode, TransactionStmtKind};

pub(super) const INFO: RuleInfo = RuleInfo {
    name: "not-in-a-transaction",
    summary: "A statement that PostgreSQL refuses inside a transaction block.",
    help: "A reversal is one transaction, so that it can be verified and rolled back. Some statements work outside of one only:\n\
           VACUUM, CONCURRENTLY in CREATE INDEX, DROP INDEX, REINDEX and DETACH PARTITION, REINDEX of a schema or database,\n\
           CREATE and DROP of databases, tablespaces and subscriptions with a slot, ALTER SYSTEM, CLUSTER of every table,\n\
           COMMIT PREPARED and ROLLBACK PREPARED, DISCARD ALL. The server would refuse them and the run would roll back.\n\
           A new value of an enum can be added, but not used before COMMIT, so it is a hazard.\n\n\
           What to do: write the form that works inside, such as DROP INDEX without CONCURRENTLY, or leave it out.",
};

const MAINTENANCE: &str = "Leave it out: it is maintenance, and can be done after the run.";
const CLUSTER_WIDE: &str = "Leave it out: it changes the whole server, not this database's objects.";

pub(super) fn look(scene: &Scene<'_>, found: &mut Found) {
    for statement in scene.statements {
        let (name, node) = statement.tree.statement();
        if name == "AlterEnumStmt" && !text(node, "new_val").is_empty() && text(node, "old_val").is_empty() {
            let message =
                "ALTER TYPE … ADD VALUE works inside a transaction, but the value cannot be used before COMMIT.";
            found.hazard(
                Spot::Statement(statement),
                message,
                "Remove it: a reversal takes away, and labels cannot be dropped.",
            );
        }
        if let Some((what, way_out)) = refused(name, node) {
            let message = format!("PostgreSQL refuses {what} inside a transaction block, and a reversal is one.");
            found.block(Spot::Statement(statement), message, way_out);
        }
    }
}

/// Returns what the server refuses, and what to write instead.
pub(super) fn refused(name: &str, node: &Node) -> Option<(&'static str, &'static str)> {
    let is_concurrent = truth(node, "concurrent");
    Some(match name {
        "VacuumStmt" if truth(node, "is_vacuumcmd") => ("VACUUM", MAINTENANCE),
        "IndexStmt" if is_concurrent => (
            "CREATE INDEX CONCURRENTLY",
            "Write CREATE INDEX without CONCURRENTLY, if the reversal must make an index at all.",
        ),
        "DropStmt" if is_concurrent => {
            ("DROP INDEX CONCURRENTLY", "Write plain DROP INDEX: it takes its lock for the short life of the run.")
        }
        "ReindexStmt" if option(node, "params", "concurrently") => ("REINDEX CONCURRENTLY", MAINTENANCE),
        // The kinds of the message format: index 1, table 2, schema 3, system 4, database 5.
        "ReindexStmt" if number(node, "kind") >= 3 => {
            ("REINDEX of a schema, the system catalog or a database", MAINTENANCE)
        }
        "ClusterStmt" if present(node, "relation").is_none() => ("CLUSTER without a table", MAINTENANCE),
        "CreatedbStmt" => ("CREATE DATABASE", CLUSTER_WIDE),
        "DropdbStmt" => ("DROP DATABASE", CLUSTER_WIDE),
        "CreateTableSpaceStmt" => ("CREATE TABLESPACE", CLUSTER_WIDE),
        "DropTableSpaceStmt" => ("DROP TABLESPACE", CLUSTER_WIDE),
        "AlterSystemStmt" => ("ALTER SYSTEM", CLUSTER_WIDE),
        "AlterDatabaseStmt" if option(node, "options", "tablespace") => {
            ("ALTER DATABASE … SET TABLESPACE", CLUSTER_WIDE)
        }
        "CreateSubscriptionStmt" => ("CREATE SUBSCRIPTION with its slot", CLUSTER_WIDE),
        "DropSubscriptionStmt" => ("DROP SUBSCRIPTION with its slot", CLUSTER_WIDE),
        "AlterSubscriptionStmt" => ("ALTER SUBSCRIPTION with REFRESH", CLUSTER_WIDE),
        "DiscardStmt" if number(node, "target") == DiscardMode::DiscardAll as i64 => {
            ("DISCARD ALL", "Remove it: the console opens a fresh connection for every run.")
        }
        "TransactionStmt" => {
            let kinds = [
                TransactionStmtKind::TransStmtCommitPrepared as i64,
                TransactionStmtKind::TransStmtRollbackPrepared as i64,
            ];
            if !kinds.contains(&number(node, "kind")) {
                return None;
            }
            (
                "COMMIT PREPARED and ROLLBACK PREPARED",
                "Remove it: a prepared transaction is ended by its owner, outside of a run.",
            )
        }
        "AlterTableStmt" if detaches_concurrently(node) => {
            ("DETACH PARTITION … CONCURRENTLY", "Write DETACH PARTITION without CONCURRENTLY.")
        }
        _ => return None,
    })
}

fn option(node: &Node, list: &str, name: &str) -> bool {
    let options = items(node, list).iter().filter_map(|item| as_kind(item, "DefElem"));
    options.into_iter().any(|option| {
        let argument = present(option, "arg").and_then(|arg| as_kind(arg, "String"));
        let is_off = argument.is_some_and(|word| matches!(text(word, "sval"), "false" | "off" | "no" | "0"));
        text(option, "defname").eq_ignore_ascii_case(name) && !is_off
    })
}

fn detaches_concurrently(node: &Node) -> bool {
    let commands = items(node, "cmds").iter().filter_map(|cmd| as_kind(cmd, "AlterTableCmd"));
    let partitions = commands.filter_map(|cmd| present(cmd, "def").and_then(|def| as_kind(def, "PartitionCmd")));
    partitions.into_iter().any(|partition| truth(partition, "concurrent"))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{check, check_clean, check_silent};

    #[test]
    fn cases() {
        for (sql, says) in [
            ("VACUUM", "VACUUM"),
            ("VACUUM (FULL) public.fresh", "VACUUM"),
            ("CREATE INDEX CONCURRENTLY i ON public.fresh (k)", "without CONCURRENTLY"),
            ("DROP INDEX CONCURRENTLY public.i", "Write plain DROP INDEX"),
            ("REINDEX INDEX CONCURRENTLY public.i", "REINDEX CONCURRENTLY"),
            ("REINDEX (CONCURRENTLY) TABLE public.fresh", "REINDEX CONCURRENTLY"),
            ("REINDEX DATABASE db", "REINDEX of a schema"),
            ("REINDEX SCHEMA public", "REINDEX of a schema"),
            ("REINDEX SYSTEM db", "REINDEX of a schema"),
            ("CREATE DATABASE x", "CREATE DATABASE"),
            ("DROP DATABASE x WITH (FORCE)", "DROP DATABASE"),
            ("CREATE TABLESPACE x LOCATION '/x'", "CREATE TABLESPACE"),
            ("DROP TABLESPACE x", "DROP TABLESPACE"),
            ("ALTER SYSTEM SET fsync = off", "ALTER SYSTEM"),
            ("ALTER DATABASE db SET TABLESPACE x", "SET TABLESPACE"),
            ("CLUSTER", "CLUSTER without a table"),
            ("ALTER TABLE public.fresh DETACH PARTITION public.fresh_child CONCURRENTLY", "DETACH PARTITION"),
            ("CREATE SUBSCRIPTION s CONNECTION 'x' PUBLICATION p", "CREATE SUBSCRIPTION"),
            ("ALTER SUBSCRIPTION s REFRESH PUBLICATION", "ALTER SUBSCRIPTION"),
            ("DROP SUBSCRIPTION s", "DROP SUBSCRIPTION"),
            ("DISCARD ALL", "DISCARD ALL"),
            ("COMMIT PREPARED 'x'", "COMMIT PREPARED"),
            ("ROLLBACK PREPARED 'x'", "COMMIT PREPARED"),
        ] {
            check(sql, &format!("not-in-a-transaction 1:1 block: {says}"));
        }
        check("ALTER TYPE public.mood ADD VALUE 'x'", "not-in-a-transaction 1:1 hazard: cannot be used before COMMIT");
        check_clean("DROP VIEW public.v_fresh; DROP TABLE public.fresh_child");
        for inside in [
            "ANALYZE public.fresh",
            "REINDEX TABLE public.fresh",
            "REINDEX (VERBOSE, CONCURRENTLY false) TABLE public.fresh",
            "ALTER DATABASE db CONNECTION LIMIT 1",
            "CLUSTER public.fresh USING i",
            "ALTER TABLE public.fresh DETACH PARTITION public.fresh_child",
            "ALTER TYPE public.mood RENAME VALUE 'x' TO 'y'",
            "PREPARE TRANSACTION 'x'",
        ] {
            check_silent(inside, "not-in-a-transaction");
        }
    }
}
