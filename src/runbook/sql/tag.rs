//! Takes a statement's tree; gives the command tag the server will answer.

use super::tree::{Node, Tree, number, present, truth};
use pg_query::protobuf::{DiscardMode, ObjectType, TransactionStmtKind, VariableSetKind};

/// Returns the words of the command tag; empty for a kind this program does not know.
pub(super) fn tag_of(tree: &Tree) -> String {
    let (kind, fields) = tree.statement();
    let fixed = match kind {
        "SelectStmt" => "SELECT",
        "InsertStmt" => "INSERT",
        "UpdateStmt" => "UPDATE",
        "DeleteStmt" => "DELETE",
        "MergeStmt" => "MERGE",
        "TruncateStmt" => "TRUNCATE TABLE",
        "CreateStmt" => "CREATE TABLE",
        "CreateForeignTableStmt" => "CREATE FOREIGN TABLE",
        "CreateTableAsStmt" => create_table_as(fields),
        "ViewStmt" => "CREATE VIEW",
        "IndexStmt" => "CREATE INDEX",
        "CreateTrigStmt" => "CREATE TRIGGER",
        "CreateEventTrigStmt" => "CREATE EVENT TRIGGER",
        "AlterEventTrigStmt" => "ALTER EVENT TRIGGER",
        "CreateFunctionStmt" if truth(fields, "is_procedure") => "CREATE PROCEDURE",
        "CreateFunctionStmt" => "CREATE FUNCTION",
        "CreateSeqStmt" => "CREATE SEQUENCE",
        "AlterSeqStmt" => "ALTER SEQUENCE",
        "CreateSchemaStmt" => "CREATE SCHEMA",
        "CreateExtensionStmt" => "CREATE EXTENSION",
        "CreateEnumStmt" | "CompositeTypeStmt" | "CreateRangeStmt" => "CREATE TYPE",
        "AlterEnumStmt" | "AlterTypeStmt" => "ALTER TYPE",
        "CreateDomainStmt" => "CREATE DOMAIN",
        "AlterDomainStmt" => "ALTER DOMAIN",
        "RuleStmt" => "CREATE RULE",
        "CreatePolicyStmt" => "CREATE POLICY",
        "AlterPolicyStmt" => "ALTER POLICY",
        "CommentStmt" => "COMMENT",
        "SecLabelStmt" => "SECURITY LABEL",
        "GrantStmt" if truth(fields, "is_grant") => "GRANT",
        "GrantStmt" => "REVOKE",
        "GrantRoleStmt" if truth(fields, "is_grant") => "GRANT ROLE",
        "GrantRoleStmt" => "REVOKE ROLE",
        "LockStmt" => "LOCK TABLE",
        "RefreshMatViewStmt" => "REFRESH MATERIALIZED VIEW",
        "ConstraintsSetStmt" => "SET CONSTRAINTS",
        "VariableSetStmt" => variable_set(fields),
        "VariableShowStmt" => "SHOW",
        "TransactionStmt" => transaction(fields),
        "ExplainStmt" => "EXPLAIN",
        "DoStmt" => "DO",
        "CallStmt" => "CALL",
        "CopyStmt" => "COPY",
        "PrepareStmt" => "PREPARE",
        "DeallocateStmt" => "DEALLOCATE",
        "DropOwnedStmt" => "DROP OWNED",
        "ReassignOwnedStmt" => "REASSIGN OWNED",
        "VacuumStmt" if truth(fields, "is_vacuumcmd") => "VACUUM",
        "VacuumStmt" => "ANALYZE",
        "ReindexStmt" => "REINDEX",
        "ClusterStmt" => "CLUSTER",
        "CheckPointStmt" => "CHECKPOINT",
        "LoadStmt" => "LOAD",
        "AlterSystemStmt" => "ALTER SYSTEM",
        "NotifyStmt" => "NOTIFY",
        "ListenStmt" => "LISTEN",
        "UnlistenStmt" => "UNLISTEN",
        "DropdbStmt" => "DROP DATABASE",
        "CreatedbStmt" => "CREATE DATABASE",
        "CreateRoleStmt" => "CREATE ROLE",
        "AlterRoleStmt" | "AlterRoleSetStmt" => "ALTER ROLE",
        "DropRoleStmt" => "DROP ROLE",
        "AlterDatabaseStmt" | "AlterDatabaseSetStmt" | "AlterDatabaseRefreshCollStmt" => "ALTER DATABASE",
        "CreateTableSpaceStmt" => "CREATE TABLESPACE",
        "CreateSubscriptionStmt" => "CREATE SUBSCRIPTION",
        "AlterSubscriptionStmt" => "ALTER SUBSCRIPTION",
        "DropSubscriptionStmt" => "DROP SUBSCRIPTION",
        "DiscardStmt" => discard(fields),
        "DropTableSpaceStmt" => "DROP TABLESPACE",
        _ => "",
    };
    if !fixed.is_empty() {
        return fixed.to_owned();
    }
    let object = match kind {
        "DropStmt" => ("DROP", number(fields, "remove_type")),
        "AlterTableStmt" | "AlterFunctionStmt" => ("ALTER", number(fields, "objtype")),
        "AlterObjectSchemaStmt" | "AlterOwnerStmt" => ("ALTER", number(fields, "object_type")),
        "RenameStmt" => ("ALTER", renamed(fields)),
        _ => return String::new(),
    };
    object_word(object.1).map_or_else(String::new, |word| format!("{} {word}", object.0))
}

/// Returns whether a command tag carries a count of rows.
pub(super) fn counts_rows(tag: &str) -> bool {
    matches!(tag, "SELECT" | "INSERT" | "UPDATE" | "DELETE" | "MERGE" | "COPY")
}

/// Renaming a column or a constraint answers with the relation it belongs to.
fn renamed(fields: &Node) -> i64 {
    let kind = number(fields, "rename_type");
    let of_relation = [ObjectType::ObjectColumn as i64, ObjectType::ObjectTabconstraint as i64];
    let attribute = ObjectType::ObjectAttribute as i64;
    match kind {
        kind if of_relation.contains(&kind) => match number(fields, "relation_type") {
            0 => ObjectType::ObjectTable as i64,
            relation => relation,
        },
        kind if kind == attribute => ObjectType::ObjectType as i64,
        kind => kind,
    }
}

fn create_table_as(fields: &Node) -> &'static str {
    // With data, the server answers `SELECT n`; this holds for materialized views too.
    let is_empty = present(fields, "into").is_some_and(|into| truth(into, "skip_data"));
    match (is_empty, number(fields, "objtype") == ObjectType::ObjectMatview as i64) {
        (false, _) => "SELECT",
        (true, true) => "CREATE MATERIALIZED VIEW",
        (true, false) => "CREATE TABLE AS",
    }
}

fn discard(fields: &Node) -> &'static str {
    let mode = i32::try_from(number(fields, "target")).ok().and_then(|mode| DiscardMode::try_from(mode).ok());
    match mode {
        Some(DiscardMode::DiscardAll) => "DISCARD ALL",
        Some(DiscardMode::DiscardPlans) => "DISCARD PLANS",
        Some(DiscardMode::DiscardSequences) => "DISCARD SEQUENCES",
        Some(DiscardMode::DiscardTemp) => "DISCARD TEMP",
        Some(DiscardMode::Undefined) | None => "",
    }
}

fn variable_set(fields: &Node) -> &'static str {
    let kind = number(fields, "kind");
    let resets = [VariableSetKind::VarReset as i64, VariableSetKind::VarResetAll as i64];
    if resets.contains(&kind) { "RESET" } else { "SET" }
}

fn transaction(fields: &Node) -> &'static str {
    let kind = i32::try_from(number(fields, "kind")).ok().and_then(|kind| TransactionStmtKind::try_from(kind).ok());
    match kind {
        Some(TransactionStmtKind::TransStmtBegin) => "BEGIN",
        Some(TransactionStmtKind::TransStmtStart) => "START TRANSACTION",
        Some(TransactionStmtKind::TransStmtCommit) => "COMMIT",
        Some(TransactionStmtKind::TransStmtRollback | TransactionStmtKind::TransStmtRollbackTo) => "ROLLBACK",
        Some(TransactionStmtKind::TransStmtSavepoint) => "SAVEPOINT",
        Some(TransactionStmtKind::TransStmtRelease) => "RELEASE",
        Some(TransactionStmtKind::TransStmtPrepare) => "PREPARE TRANSACTION",
        Some(TransactionStmtKind::TransStmtCommitPrepared) => "COMMIT PREPARED",
        Some(TransactionStmtKind::TransStmtRollbackPrepared) => "ROLLBACK PREPARED",
        Some(TransactionStmtKind::Undefined) | None => "",
    }
}

/// Returns the words of an object type in a command tag.
pub(super) fn object_word(kind: i64) -> Option<&'static str> {
    let kind = i32::try_from(kind).ok().and_then(|kind| ObjectType::try_from(kind).ok())?;
    Some(match kind {
        ObjectType::ObjectTable => "TABLE",
        ObjectType::ObjectForeignTable => "FOREIGN TABLE",
        ObjectType::ObjectView => "VIEW",
        ObjectType::ObjectMatview => "MATERIALIZED VIEW",
        ObjectType::ObjectSequence => "SEQUENCE",
        ObjectType::ObjectIndex => "INDEX",
        ObjectType::ObjectFunction => "FUNCTION",
        ObjectType::ObjectProcedure => "PROCEDURE",
        ObjectType::ObjectRoutine => "ROUTINE",
        ObjectType::ObjectAggregate => "AGGREGATE",
        ObjectType::ObjectTrigger => "TRIGGER",
        ObjectType::ObjectEventTrigger => "EVENT TRIGGER",
        ObjectType::ObjectType => "TYPE",
        ObjectType::ObjectDomain | ObjectType::ObjectDomconstraint => "DOMAIN",
        ObjectType::ObjectSchema => "SCHEMA",
        ObjectType::ObjectExtension => "EXTENSION",
        ObjectType::ObjectRule => "RULE",
        ObjectType::ObjectPolicy => "POLICY",
        ObjectType::ObjectCollation => "COLLATION",
        ObjectType::ObjectStatisticExt => "STATISTICS",
        ObjectType::ObjectOperator => "OPERATOR",
        ObjectType::ObjectLanguage => "LANGUAGE",
        ObjectType::ObjectPublication => "PUBLICATION",
        ObjectType::ObjectSubscription => "SUBSCRIPTION",
        ObjectType::ObjectForeignServer => "SERVER",
        ObjectType::ObjectFdw => "FOREIGN DATA WRAPPER",
        ObjectType::ObjectDatabase => "DATABASE",
        ObjectType::ObjectRole => "ROLE",
        _ => return None,
    })
}
