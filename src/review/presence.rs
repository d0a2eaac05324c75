//! Takes a name and a kind; gives whether the live catalog holds such an object, and where else the name is held.

use std::collections::BTreeMap;

use super::{Catalog, Edge};
use crate::runbook::{ObjectKind, ObjectName};

/// For a dependent and what it depends on: the columns and constraints of the dependent by which it does.
pub type Carriers<'c> = BTreeMap<(ObjectName, &'c ObjectName), Vec<&'c ObjectName>>;

impl Catalog {
    /// Returns whether an object of that kind and name is there; a column is there when its relation lists it.
    #[must_use]
    pub fn has(&self, name: &ObjectName, kind: ObjectKind) -> bool {
        let found = self.objects.get(name);
        match kind {
            ObjectKind::Column => name.name.split_once('.').is_some_and(|(relation, column)| {
                let relation = self.objects.get(&ObjectName::new(&name.schema, relation));
                relation.is_some_and(|relation| relation.columns.iter().any(|held| held == column))
            }),
            ObjectKind::Constraint => self.constraints.contains(name),
            ObjectKind::Trigger => found.is_some() || self.triggers.contains_key(name),
            ObjectKind::Table
            | ObjectKind::View
            | ObjectKind::MaterializedView
            | ObjectKind::Sequence
            | ObjectKind::Index
            | ObjectKind::Function
            | ObjectKind::EventTrigger
            | ObjectKind::Type
            | ObjectKind::Schema
            | ObjectKind::Extension => found.is_some(),
        }
    }

    /// Returns the parts of tables by which one object depends on another, where it is known.
    #[must_use]
    pub fn carriers(&self) -> Carriers<'_> {
        let mut carriers = Carriers::new();
        for edge in self.parts.iter().filter(|edge| !edge.goes_in_silence()) {
            if let Some(relation) = edge.dependent.relation() {
                carriers.entry((relation, &edge.referenced)).or_default().push(&edge.dependent);
            }
        }
        carriers
    }

    /// Returns the columns a constraint sits on; when one of them is dropped, the constraint goes with it.
    pub fn columns_under<'c>(&'c self, constraint: &'c ObjectName) -> impl Iterator<Item = &'c ObjectName> {
        self.parts
            .iter()
            .filter(move |edge| edge.by == "column" && edge.dependent == *constraint)
            .map(|edge| &edge.referenced)
    }

    /// Returns the other schemas that hold an object of this name, in order.
    #[must_use]
    pub fn elsewhere(&self, name: &ObjectName) -> Vec<&str> {
        let same = |other: &&ObjectName| other.name == name.name && other.schema != name.schema;
        self.objects.keys().filter(same).map(|other| other.schema.as_str()).collect()
    }
}

impl Edge {
    /// Returns whether the dependent goes with what it depends on without a word: it never stands in the way of a DROP.
    #[must_use]
    pub fn goes_in_silence(&self) -> bool {
        matches!(self.by.as_str(), "column" | "index" | "partition")
    }
}

impl ObjectName {
    /// Returns the relation of a column, constraint or trigger: what stands before the point of its name.
    #[must_use]
    pub fn relation(&self) -> Option<ObjectName> {
        self.name.split_once('.').map(|(relation, _)| Self::new(&self.schema, relation))
    }
}
