//! The live catalog, as far as the rules need it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::runbook::{ObjectKind, ObjectName};

/// What is in the database, read at one snapshot.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Catalog {
    /// Relations, functions, triggers, event triggers and types outside the system schemas and `countersign`.
    pub objects: BTreeMap<ObjectName, CatalogObject>,
    /// Who depends on whom (`pg_constraint`, `pg_depend` through `pg_rewrite`, `pg_inherits`, `pg_trigger`).
    pub edges: Vec<Edge>,
    /// The current definition of each trigger, as `pg_get_triggerdef` gives it.
    pub triggers: BTreeMap<ObjectName, String>,
    /// The functions of `pg_catalog` and `information_schema` that are volatile, and those that are not, by name.
    pub built_in: BuiltIn,
    /// Functions of user schemas.
    pub functions: Vec<Function>,
    /// Operators of user schemas.
    pub operators: Vec<Operator>,
    /// Casts made by people, with a function.
    pub casts: Vec<Cast>,
    /// Triggers of relations, enabled ones and disabled ones; those of foreign keys are left out.
    pub firing: Vec<Trigger>,
    /// Event triggers.
    pub event_triggers: Vec<EventTrigger>,
    /// Rewrite rules other than those that make views.
    pub rules: Vec<RewriteRule>,
    /// Foreign keys with what they do when the row they point at goes or changes.
    pub keys: Vec<ForeignKey>,
    /// Expressions that are evaluated when a relation is written to, or a domain is cast to.
    pub expressions: Vec<Expression>,
    /// The query of each view, as `pg_get_viewdef` gives it.
    pub views: BTreeMap<ObjectName, String>,
    /// Foreign tables.
    pub foreign: BTreeSet<ObjectName>,
    /// Relations whose rows a policy hides from the connected role.
    pub row_security: BTreeSet<ObjectName>,
    /// The types of each relation's columns, composite types too, such as `pg_catalog.text`; of an array, its elements'.
    pub column_types: BTreeMap<ObjectName, BTreeSet<String>>,
    /// Sequences that a column owns, and the column's relation.
    pub owned_sequences: BTreeMap<ObjectName, ObjectName>,
    /// Constraints of tables, named `relation.constraint`.
    pub constraints: BTreeSet<ObjectName>,
    /// Who depends on whom inside tables: what depends on a column or constraint, and which column or constraint of a
    /// table depends on something else.
    pub parts: Vec<Edge>,
}

/// One object of the catalog.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CatalogObject {
    /// What it is.
    pub kind: ObjectKind,
    /// Its columns in order, for relations.
    pub columns: Vec<String>,
    /// The columns of its primary key, in key order.
    pub primary_key: Vec<String>,
}

/// One object depends on another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Edge {
    /// What depends.
    pub dependent: ObjectName,
    /// What it depends on.
    pub referenced: ObjectName,
    /// `foreign key`, `view`, `inheritance`, `trigger`.
    pub by: String,
}

/// The names of the functions the server brings along.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BuiltIn {
    /// Names that a volatile function has.
    pub volatile: BTreeSet<String>,
    /// Names that only stable and immutable functions have.
    pub steady: BTreeSet<String>,
    /// Operators, as `name(left,right)` of type names.
    pub operators: BTreeSet<String>,
}

/// What a function is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FunctionKind {
    /// A function.
    Function,
    /// A procedure, which may end the transaction.
    Procedure,
    /// An aggregate; its `calls` are its parts.
    Aggregate,
    /// A window function.
    Window,
}

/// How much a function's answer depends on, as its author claims.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Volatility {
    /// On its arguments only.
    Immutable,
    /// On the database too.
    Stable,
    /// On anything; it may write.
    Volatile,
}

/// A function of a user schema.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Function {
    /// Its OID.
    pub oid: u32,
    /// Its name.
    pub name: ObjectName,
    /// The types of its input arguments, such as `pg_catalog.int4`.
    pub arguments: Vec<String>,
    /// How many of them, from the last, have a default.
    pub defaults: u32,
    /// Whether the last argument takes any number of values.
    pub variadic: bool,
    /// What it is.
    pub kind: FunctionKind,
    /// Its language.
    pub language: String,
    /// Whether the language keeps its functions inside the database.
    pub trusted: bool,
    /// What its author claims.
    pub volatility: Volatility,
    /// Whether it runs with its owner's rights.
    pub security_definer: bool,
    /// Its `CREATE FUNCTION`, for SQL and PL/pgSQL; else empty.
    pub definition: String,
    /// The settings it makes while it runs, such as `search_path=public`.
    pub settings: Vec<String>,
    /// The extension it belongs to; empty for none.
    pub extension: String,
    /// The functions an aggregate is made of.
    pub calls: Vec<ObjectName>,
}

/// An operator of a user schema.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operator {
    /// Its schema and sign.
    pub name: ObjectName,
    /// The type on its left; empty for none.
    pub left: String,
    /// The type on its right.
    pub right: String,
    /// The OID of its function.
    pub function: u32,
    /// The function, for one that is the server's own.
    pub function_name: ObjectName,
}

/// A cast made by people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cast {
    /// The type it takes.
    pub from: String,
    /// The type it gives.
    pub to: String,
    /// Whether it happens without being written.
    pub implicit: bool,
    /// The OID of its function.
    pub function: u32,
    /// The function, for one that is the server's own.
    pub function_name: ObjectName,
}

/// A trigger of a relation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trigger {
    /// Its relation.
    pub relation: ObjectName,
    /// Its name.
    pub name: String,
    /// The OID of its function.
    pub function: u32,
    /// The name of its function.
    pub function_name: ObjectName,
    /// What it fires on: `INSERT`, `UPDATE`, `DELETE`, `TRUNCATE`.
    pub events: Vec<String>,
    /// The columns an UPDATE must set for it to fire; none means any.
    pub columns: Vec<String>,
    /// `BEFORE`, `AFTER` or `INSTEAD OF`.
    pub timing: String,
    /// Whether it fires for each row, not once a statement.
    pub for_each_row: bool,
    /// Whether it fires in an ordinary session.
    pub enabled: bool,
    /// Whether the server made it for a constraint.
    pub internal: bool,
}

/// An event trigger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventTrigger {
    /// Its name.
    pub name: String,
    /// When it fires, such as `ddl_command_end`.
    pub event: String,
    /// The command tags it fires on; none means all.
    pub tags: Vec<String>,
    /// The OID of its function.
    pub function: u32,
    /// The name of its function.
    pub function_name: ObjectName,
    /// Whether it fires in an ordinary session.
    pub enabled: bool,
}

/// A rewrite rule that makes no view.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RewriteRule {
    /// Its relation.
    pub relation: ObjectName,
    /// Its name.
    pub name: String,
    /// What it rewrites: `INSERT`, `UPDATE` or `DELETE`.
    pub event: String,
    /// Whether it puts something in the statement's place, not beside it.
    pub instead: bool,
    /// Whether it works in an ordinary session.
    pub enabled: bool,
    /// Its definition.
    pub definition: String,
}

/// A foreign key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForeignKey {
    /// Its name.
    pub name: String,
    /// The table that points.
    pub child: ObjectName,
    /// The columns that point.
    pub child_columns: Vec<String>,
    /// The table pointed at.
    pub parent: ObjectName,
    /// The columns pointed at.
    pub parent_columns: Vec<String>,
    /// What happens to the child's rows when the parent's row is deleted.
    pub on_delete: KeyAction,
    /// What happens to them when the key is changed.
    pub on_update: KeyAction,
}

/// What a foreign key does to the rows that point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyAction {
    /// Nothing: the statement is refused while rows point.
    Refuse,
    /// They go, or change, too.
    Cascade,
    /// Their columns become NULL.
    SetNull,
    /// Their columns take their defaults.
    SetDefault,
}

/// An expression that the server evaluates by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expression {
    /// The relation, or the domain.
    pub of: ObjectName,
    /// The column, constraint, index or policy.
    pub part: String,
    /// When it is evaluated.
    pub kind: ExpressionKind,
    /// Its SQL.
    pub sql: String,
}

/// When an expression is evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExpressionKind {
    /// A column's default: when a row is inserted.
    Default,
    /// A generated column, a check or an index: when a row is inserted or changed.
    Written,
    /// A policy: whenever rows are read or written.
    Policy,
    /// A domain's check: whenever a value becomes one.
    Domain,
}

impl Catalog {
    /// Returns the function with this OID.
    #[must_use]
    pub fn function(&self, oid: u32) -> Option<&Function> {
        self.functions.iter().find(|function| function.oid == oid)
    }

    /// Returns a relation with everything that inherits from it, partitions too, each once.
    #[must_use]
    pub fn family<'a>(&'a self, relation: &'a ObjectName) -> Vec<&'a ObjectName> {
        let mut family = vec![relation];
        let mut next = 0;
        while let Some(parent) = family.get(next).copied() {
            next += 1;
            for edge in self.edges.iter().filter(|edge| edge.by == "inheritance" && edge.referenced == *parent) {
                if !family.contains(&&edge.dependent) {
                    family.push(&edge.dependent);
                }
            }
        }
        family
    }
}
