//! `undeclared-heir`: a statement on a table reaches the tables that inherit from it, and each belongs to a class (D-29).

use std::collections::BTreeSet;

use super::{Found, RuleInfo, Scene, Spot};
use crate::review::Catalog;
use crate::runbook::sql::each_object;
use crate::runbook::sql::tree::{Node, number, present, text, truth};
use crate::runbook::sql::{Statement, Touch, Touched};
use crate::runbook::{Object, ObjectClass, ObjectName};

pub(super) const INFO: RuleInfo = RuleInfo {
    name: "undeclared-heir",
    summary: "Without ONLY the statement reaches heirs of the table that are not declared as it is.",
    help: "DELETE, UPDATE, TRUNCATE and ALTER TABLE reach every table that inherits from the one they name (INHERITS), unless\n\
           ONLY stands before the name. An heir is a table of its own, with a class of its own. With a connected database\n\
           this blocks where an heir is not declared, or is declared in another class or with another key. An ALTER counts\n\
           where the heir has the column or constraint it speaks of. Partitions are parts of their table and need no\n\
           declaration.\n\n\
           What to do: write ONLY before the table's name, or declare each heir as the table is declared.",
};

pub(super) fn look(scene: &Scene<'_>, found: &mut Found) {
    let Some(catalog) = scene.catalog else { return };
    for (statement, all) in scene.statements.iter().zip(&scene.touched) {
        for touched in all.iter().filter(|touched| reaches_heirs(statement, touched)) {
            let parent = scene.object(touched);
            let strange: Vec<String> = heirs(catalog, &touched.name)
                .into_iter()
                .filter(|heir| touched.how != Touch::Alter || has_part(catalog, all, &touched.name, heir))
                .filter_map(|heir| differs(scene, parent, heir))
                .collect();
            if strange.is_empty() {
                continue;
            }
            let message =
                format!("{} of {} reaches its heirs too: {}.", statement.tag, touched.name, strange.join(", "));
            let way_out = format!("Write ONLY {}, or declare each heir as the table is declared.", touched.name);
            found.block(Spot::Object(statement, touched), message, way_out);
        }
    }
}

/// Returns whether a statement is of a kind that goes down to heirs, and has no ONLY where it names this table.
fn reaches_heirs(statement: &Statement, touched: &Touched) -> bool {
    if !matches!(touched.how, Touch::Delete | Touch::Update | Touch::Truncate | Touch::Alter) {
        return false;
    }
    let mut reaches = false;
    each_object(statement.tree.root(), &mut |node: &Node| {
        let is_here = present(node, "relname").is_some()
            && text(node, "relname") == touched.name.name
            && usize::try_from(number(node, "location"))
                .is_ok_and(|at| statement.place(at) == (touched.line, touched.column));
        reaches |= is_here && truth(node, "inh");
    });
    reaches
}

/// Returns every table that inherits from another, near or far; partitions are parts and no heirs.
fn heirs<'c>(catalog: &'c Catalog, name: &'c ObjectName) -> Vec<&'c ObjectName> {
    let parts: BTreeSet<&ObjectName> =
        catalog.parts.iter().filter(|edge| edge.by == "partition").map(|edge| &edge.dependent).collect();
    catalog.family(name).into_iter().filter(|heir| *heir != name && !parts.contains(heir)).collect()
}

/// Returns whether the heir has a column or constraint that the statement changes on its parent.
fn has_part(catalog: &Catalog, all: &[Touched], parent: &ObjectName, heir: &ObjectName) -> bool {
    let columns = catalog.objects.get(heir).map_or(&[][..], |object| object.columns.as_slice());
    all.iter().filter(|one| one.name.schema == parent.schema).any(|one| {
        let part = one.name.name.strip_prefix(parent.name.as_str()).and_then(|rest| rest.strip_prefix('.'));
        part.is_some_and(|part| {
            let constraint = ObjectName::new(&heir.schema, &format!("{}.{part}", heir.name));
            one.how == Touch::Create
                || columns.iter().any(|one| one == part)
                || catalog.constraints.contains(&constraint)
        })
    })
}

/// Says how an heir's declaration differs from its parent's; `None` when what holds for the one holds for the other.
fn differs(scene: &Scene<'_>, parent: Option<&Object>, heir: &ObjectName) -> Option<String> {
    let Some(object) = scene.objects.get(heir).and_then(|all| all.first()).filter(|object| !object.later_phase) else {
        return Some(format!("{heir}, which is not declared"));
    };
    let is_same = object.class == ObjectClass::Greenfield || parent.is_some_and(|parent| parent.class == object.class);
    if is_same { None } else { Some(format!("{heir}, which is declared in another way")) }
}

#[cfg(test)]
mod tests {
    use super::super::reading::fixture::made;
    use super::super::testing::{check_clean_with, check_with, runbook};
    use crate::review::{Catalog, CatalogObject, Edge};
    use crate::runbook::{Object, ObjectClass, ObjectKind, ObjectName, Runbook};

    const DELETE: &str = "DELETE FROM public.events WHERE event_domain = 'governance'";

    fn heir() -> Catalog {
        let mut catalog = made().inherits("events", "heir").inherits("heir", "grandchild").catalog;
        let columns = vec!["title".to_owned()];
        let table = CatalogObject { kind: ObjectKind::Table, columns, primary_key: Vec::new() };
        catalog.objects.insert(ObjectName::new("public", "heir"), table);
        catalog
    }

    fn declaring(sql: &str, class: &ObjectClass) -> Runbook {
        let mut book = runbook(sql);
        for name in ["heir", "grandchild"] {
            let object =
                Object { name: ObjectName::new("public", name), class: class.clone(), ..book.objects[0].clone() };
            book.objects.push(object);
        }
        book
    }

    #[test]
    fn cases() {
        let live = heir();
        let both = "undeclared-heir 1:13 block: DELETE of public.events reaches its heirs too: public.heir, which is not \
                    declared, public.grandchild";
        check_with(&runbook(DELETE), Some(&live), both);
        let update = "UPDATE public.events SET title = 'x' WHERE event_domain = 'governance'";
        check_with(&runbook(update), Some(&live), "undeclared-heir 1:8 block: public.heir");
        check_clean_with(&runbook("DELETE FROM ONLY public.events WHERE event_domain = 'governance'"), Some(&live));
        check_clean_with(&runbook("SELECT count(*) FROM public.events"), Some(&live));
        check_clean_with(&runbook(DELETE), Some(&made().inherits("outbox", "events").catalog));

        let shared = |key: &str| ObjectClass::Shared { key: key.to_owned() };
        check_clean_with(&declaring(DELETE, &shared("event_domain = 'governance'")), Some(&live));
        check_clean_with(&declaring(DELETE, &ObjectClass::Greenfield), Some(&live));
        for class in [shared("k = 1"), ObjectClass::Protected, ObjectClass::Growing] {
            check_with(&declaring(DELETE, &class), Some(&live), "undeclared-heir 1:13 block: in another way");
        }
    }

    #[test]
    fn partitions_are_no_heirs() {
        let mut live = made().inherits("events", "part").catalog;
        let name = |name: &str| ObjectName::new("public", name);
        live.parts.push(Edge { dependent: name("part"), referenced: name("events"), by: "partition".to_owned() });
        check_clean_with(&runbook(DELETE), Some(&live));
    }

    #[test]
    fn a_changed_column_counts_where_the_heir_has_it() {
        let mut live = heir();
        for edge in live.edges.iter_mut().filter(|edge| edge.referenced.name == "events") {
            edge.referenced.name = "fresh".to_owned();
        }
        let drop = "ALTER TABLE public.fresh DROP COLUMN title";
        check_with(&runbook(drop), Some(&live), "undeclared-heir 1:13 block: public.heir");
        check_clean_with(&runbook("ALTER TABLE ONLY public.fresh DROP COLUMN title"), Some(&live));
        check_clean_with(&runbook("ALTER TABLE public.fresh DROP COLUMN other"), Some(&live));
    }
}
