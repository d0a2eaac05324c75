//! Takes a dropped column; tells of what would go with it without a word, though columns of others carry it too.

use super::super::dependants::Gone;
use super::super::{Found, Scene, Spot};
use crate::review::Catalog;
use crate::runbook::sql::{Statement, Touch, Touched};
use crate::runbook::{ObjectClass, ObjectKind, ObjectName};

/// D-29: DROP COLUMN takes every index, constraint and statistics object on the column along, whoever made it.
pub(super) fn look(scene: &Scene<'_>, found: &mut Found, gone: &Gone, act: (&Statement, &Touched)) {
    let (statement, column) = act;
    let Some(catalog) = scene.catalog.filter(|_| column.kind == Some(ObjectKind::Column)) else { return };
    let is_ours = |name: &ObjectName| scene.runbook.objects.iter().any(|object| is_greenfield(object, name));
    if column.how != Touch::Drop || column.name.relation().is_none_or(|relation| is_ours(&relation)) {
        return;
    }
    let on_it = catalog.parts.iter().filter(|edge| edge.by == "column" && edge.referenced == column.name);
    for thing in on_it.map(|edge| &edge.dependent).filter(|thing| !is_ours(thing) && !gone.holds(thing)) {
        let others: Vec<&str> = catalog
            .columns_under(thing)
            .filter(|other| **other != column.name && !is_ours(other) && !gone.holds(other))
            .map(|other| other.name.rsplit_once('.').map_or(other.name.as_str(), |(_, own)| own))
            .collect();
        if others.is_empty() {
            continue;
        }
        let kind = kind_of(catalog, thing);
        let message = format!(
            "The {kind} {thing} stands on {} too, and would go with the column {} without a word.",
            others.join(", "),
            column.name
        );
        let way_out = match kind {
            "statistics object" => "Ask its owner to drop it first, or leave the column.".to_owned(),
            _ => format!(
                "If this phase made it, declare [[object]] name = \"{thing}\", kind = \"{kind}\", class = \"greenfield\" and \
                 drop it above; else leave the column, or ask its owner first."
            ),
        };
        found.block(Spot::Object(statement, column), message, way_out);
    }
}

fn is_greenfield(object: &crate::runbook::Object, name: &ObjectName) -> bool {
    object.name == *name && object.class == ObjectClass::Greenfield
}

fn kind_of(catalog: &Catalog, thing: &ObjectName) -> &'static str {
    if catalog.constraints.contains(thing) {
        return "constraint";
    }
    let is_index = catalog.objects.get(thing).is_some_and(|object| object.kind == ObjectKind::Index);
    if is_index { "index" } else { "statistics object" }
}
