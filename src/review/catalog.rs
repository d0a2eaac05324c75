//! The live catalog, as far as the rules need it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::runbook::{ObjectKind, ObjectName};

/// What is in the database, read at one snapshot.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Catalog {
    /// Relations, functions, triggers, event triggers and types outside the system schemas and `countersign`.
    pub objects: BTreeMap<ObjectName, CatalogObject>,
    /// Who depends on whom (`pg_constraint`, `pg_depend` through `pg_rewrite`, `pg_inherits`, `pg_trigger`).
    pub edges: Vec<Edge>,
    /// The current definition of each trigger, as `pg_get_triggerdef` gives it.
    pub triggers: BTreeMap<ObjectName, String>,
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
