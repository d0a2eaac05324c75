//! Takes a statement that changes a definition; gives each change it makes, in a few words that rules can judge.
//!
//! ALTER TABLE has more than sixty commands. What matters to a reversal is which part of a table they reach, and whether
//! they take it away from its declared name, its owner or its guards.

use super::tree::{Node, as_kind, items, number, present, text, truth};
use super::{Statement, Touch};
use crate::runbook::ObjectKind;
use pg_query::protobuf::{AlterTableType, ObjectType};

/// One change of a definition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alteration {
    /// What sort of change it is.
    pub kind: AlterationKind,
    /// The column, constraint, trigger, role or new name it speaks of; empty when there is none.
    pub name: String,
    /// Whether it may pass in silence when what it speaks of is not there.
    pub missing_ok: bool,
}

/// What sort of change an [`Alteration`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AlterationKind {
    /// Adds a column.
    AddColumn,
    /// Drops a column.
    DropColumn,
    /// Changes a column: type, default, NOT NULL, identity, statistics, storage.
    ChangeColumn,
    /// Adds a constraint.
    AddConstraint,
    /// Drops a constraint.
    DropConstraint,
    /// Validates a constraint, or changes when it is checked.
    ChangeConstraint,
    /// Renames a column.
    RenameColumn,
    /// Renames a constraint.
    RenameConstraint,
    /// Comments on a column or a constraint.
    CommentOnPart,
    /// Renames the object itself.
    Rename,
    /// Moves it into another schema.
    SetSchema,
    /// Gives it another owner.
    Owner,
    /// Comments on it.
    Comment,
    /// Switches triggers off, or leaves them to replicas alone.
    TriggersOff,
    /// Switches triggers on.
    TriggersOn,
    /// Switches rules off, or leaves them to replicas alone.
    RulesOff,
    /// Switches rules on.
    RulesOn,
    /// Switches row level security off.
    RowSecurityOff,
    /// Switches row level security on.
    RowSecurityOn,
    /// Makes a table a partition, or lets it inherit.
    Attach,
    /// Takes a partition or a child away from its parent.
    Detach,
    /// Makes its rows survive no crash.
    Unlogged,
    /// Rewrites or moves how its rows are kept: tablespace, access method, logged.
    Storage,
    /// Changes which columns a replica knows a row by.
    ReplicaIdentity,
    /// Anything else.
    Other,
}

impl AlterationKind {
    /// Returns whether it reaches a column or constraint alone, and not the table as a whole.
    #[must_use]
    pub fn is_of_part(self) -> bool {
        self.of_part().is_some() || self == Self::CommentOnPart
    }

    /// Returns the kind of part it reaches, and what it does to it.
    pub(super) fn of_part(self) -> Option<(ObjectKind, Touch)> {
        match self {
            Self::AddColumn => Some((ObjectKind::Column, Touch::Create)),
            Self::DropColumn => Some((ObjectKind::Column, Touch::Drop)),
            Self::ChangeColumn | Self::RenameColumn => Some((ObjectKind::Column, Touch::Alter)),
            Self::AddConstraint => Some((ObjectKind::Constraint, Touch::Create)),
            Self::DropConstraint => Some((ObjectKind::Constraint, Touch::Drop)),
            Self::ChangeConstraint | Self::RenameConstraint => Some((ObjectKind::Constraint, Touch::Alter)),
            Self::CommentOnPart
            | Self::Rename
            | Self::SetSchema
            | Self::Owner
            | Self::Comment
            | Self::TriggersOff
            | Self::TriggersOn
            | Self::RulesOff
            | Self::RulesOn
            | Self::RowSecurityOff
            | Self::RowSecurityOn
            | Self::Attach
            | Self::Detach
            | Self::Unlogged
            | Self::Storage
            | Self::ReplicaIdentity
            | Self::Other => None,
        }
    }
}

/// Returns each change a statement makes to a definition; none for statements that are not ALTER or COMMENT.
#[must_use]
pub fn alterations(statement: &Statement) -> Vec<Alteration> {
    let (name, node) = statement.tree.statement();
    let one =
        |kind, name: &str| vec![Alteration { kind, name: name.to_owned(), missing_ok: truth(node, "missing_ok") }];
    // IF EXISTS of a renaming stands for the table, not for its column or constraint.
    let of_part = |kind| vec![Alteration { kind, name: text(node, "subname").to_owned(), missing_ok: false }];
    match name {
        "AlterTableStmt" => {
            items(node, "cmds").iter().filter_map(|cmd| as_kind(cmd, "AlterTableCmd")).map(command).collect()
        }
        "AlterObjectSchemaStmt" => one(AlterationKind::SetSchema, text(node, "newschema")),
        "AlterOwnerStmt" => one(AlterationKind::Owner, role(node)),
        "RenameStmt" => {
            let kind = number(node, "rename_type");
            if kind == ObjectType::ObjectColumn as i64 {
                of_part(AlterationKind::RenameColumn)
            } else if kind == ObjectType::ObjectTabconstraint as i64 {
                of_part(AlterationKind::RenameConstraint)
            } else {
                one(AlterationKind::Rename, text(node, "newname"))
            }
        }
        "CommentStmt" => {
            let kind = number(node, "objtype");
            let parts = [ObjectType::ObjectColumn as i64, ObjectType::ObjectTabconstraint as i64];
            one(if parts.contains(&kind) { AlterationKind::CommentOnPart } else { AlterationKind::Comment }, "")
        }
        _ => Vec::new(),
    }
}

fn role(node: &Node) -> &str {
    present(node, "newowner").map_or("", |role| text(role, "rolename"))
}

/// Reads one command of ALTER TABLE.
pub(super) fn command(node: &Node) -> Alteration {
    use AlterTableType as At;
    let subtype = i32::try_from(number(node, "subtype")).ok().and_then(|kind| At::try_from(kind).ok());
    let kind = match subtype.unwrap_or(At::Undefined) {
        At::AtAddColumn | At::AtAddColumnToView => AlterationKind::AddColumn,
        At::AtDropColumn => AlterationKind::DropColumn,
        At::AtColumnDefault
        | At::AtCookedColumnDefault
        | At::AtDropNotNull
        | At::AtSetNotNull
        | At::AtSetExpression
        | At::AtDropExpression
        | At::AtSetStatistics
        | At::AtSetOptions
        | At::AtResetOptions
        | At::AtSetStorage
        | At::AtSetCompression
        | At::AtAlterColumnType
        | At::AtAlterColumnGenericOptions
        | At::AtAddIdentity
        | At::AtSetIdentity
        | At::AtDropIdentity => AlterationKind::ChangeColumn,
        At::AtAddConstraint | At::AtReAddConstraint | At::AtAddIndexConstraint => AlterationKind::AddConstraint,
        At::AtDropConstraint => AlterationKind::DropConstraint,
        At::AtAlterConstraint | At::AtValidateConstraint => AlterationKind::ChangeConstraint,
        At::AtChangeOwner => AlterationKind::Owner,
        At::AtDisableTrig | At::AtDisableTrigAll | At::AtDisableTrigUser | At::AtEnableReplicaTrig => {
            AlterationKind::TriggersOff
        }
        At::AtEnableTrig | At::AtEnableAlwaysTrig | At::AtEnableTrigAll | At::AtEnableTrigUser => {
            AlterationKind::TriggersOn
        }
        At::AtDisableRule | At::AtEnableReplicaRule => AlterationKind::RulesOff,
        At::AtEnableRule | At::AtEnableAlwaysRule => AlterationKind::RulesOn,
        At::AtDisableRowSecurity | At::AtNoForceRowSecurity => AlterationKind::RowSecurityOff,
        At::AtEnableRowSecurity | At::AtForceRowSecurity => AlterationKind::RowSecurityOn,
        At::AtAttachPartition | At::AtAddInherit => AlterationKind::Attach,
        At::AtDetachPartition | At::AtDetachPartitionFinalize | At::AtDropInherit => AlterationKind::Detach,
        At::AtSetUnLogged => AlterationKind::Unlogged,
        At::AtSetLogged | At::AtSetTableSpace | At::AtSetAccessMethod => AlterationKind::Storage,
        At::AtReplicaIdentity => AlterationKind::ReplicaIdentity,
        At::Undefined
        | At::AtAddIndex
        | At::AtReAddIndex
        | At::AtReAddDomainConstraint
        | At::AtReAddComment
        | At::AtClusterOn
        | At::AtDropCluster
        | At::AtDropOids
        | At::AtSetRelOptions
        | At::AtResetRelOptions
        | At::AtReplaceRelOptions
        | At::AtAddOf
        | At::AtDropOf
        | At::AtGenericOptions
        | At::AtReAddStatistics => AlterationKind::Other,
    };
    let named = |kind: &str, field| {
        present(node, "def").and_then(|def| as_kind(def, kind)).map(|inner| text(inner, field)).unwrap_or_default()
    };
    let name = match (kind, text(node, "name")) {
        (AlterationKind::Owner, _) => role(node),
        (AlterationKind::AddColumn, "") => named("ColumnDef", "colname"),
        (AlterationKind::ChangeConstraint, "") if !named("AtalterConstraint", "conname").is_empty() => {
            named("AtalterConstraint", "conname")
        }
        (AlterationKind::AddConstraint | AlterationKind::ChangeConstraint, "") => named("Constraint", "conname"),
        (_, name) => name,
    };
    Alteration { kind, name: name.to_owned(), missing_ok: truth(node, "missing_ok") }
}
