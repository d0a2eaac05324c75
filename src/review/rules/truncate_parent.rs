//! `truncate-parent`: a table that a foreign key points at cannot be emptied by TRUNCATE alone.

use super::{Found, RuleInfo, Scene, Spot};
use crate::runbook::ObjectName;
use crate::runbook::sql::Touch;
use crate::runbook::sql::tree::number;
use pg_query::protobuf::DropBehavior;

pub(super) const INFO: RuleInfo = RuleInfo {
    name: "truncate-parent",
    summary: "TRUNCATE of a table that a foreign key of another table points at.",
    help: "The server refuses TRUNCATE of a table while a foreign key of another table points at it, even when that other table\n\
           is empty. With a connected database this blocks, unless the same TRUNCATE names the other table too, or an earlier\n\
           statement drops it or its constraint. CASCADE is not the way out: `cascade` speaks of it.\n\n\
           What to do: name both tables in one TRUNCATE, or write DELETE, children first.",
};

pub(super) fn look(scene: &Scene<'_>, found: &mut Found) {
    let Some(catalog) = scene.catalog else { return };
    let mut dropped: Vec<&ObjectName> = Vec::new();
    for (statement, all) in scene.statements.iter().zip(&scene.touched) {
        let is_cascade = number(statement.tree.statement().1, "behavior") == DropBehavior::DropCascade as i64;
        let emptied: Vec<&ObjectName> =
            all.iter().filter(|one| one.how == Touch::Truncate).map(|one| &one.name).collect();
        for touched in all.iter().filter(|one| one.how == Touch::Truncate && !is_cascade) {
            let family = catalog.family(&touched.name);
            let points = catalog.keys.iter().find(|key| {
                let constraint = ObjectName::new(&key.child.schema, &format!("{}.{}", key.child.name, key.name));
                key.parent == touched.name
                    && !family.contains(&&key.child)
                    && !emptied.contains(&&key.child)
                    && !dropped.iter().any(|gone| **gone == key.child || **gone == constraint)
            });
            if let Some(key) = points {
                let message = format!(
                    "The foreign key {} of {} points at {}, and the server refuses TRUNCATE of it alone.",
                    key.name, key.child, touched.name
                );
                let way_out = format!("Name {} in the same TRUNCATE, or write DELETE, children first.", key.child);
                found.block(Spot::Object(statement, touched), message, way_out);
            }
        }
        dropped.extend(all.iter().filter(|one| one.how == Touch::Drop).map(|one| &one.name));
    }
}

#[cfg(test)]
mod tests {
    use super::super::reading::fixture::made;
    use super::super::testing::{check_clean_with, check_with, runbook};
    use crate::review::KeyAction::Refuse;

    #[test]
    fn cases() {
        let live = made().key("fresh_child", "k", "fresh", "k", Refuse, Refuse).catalog;
        check_with(&runbook("TRUNCATE public.fresh"), Some(&live), "truncate-parent 1:10 block: fresh_child_fk");
        for sql in [
            "TRUNCATE public.fresh_child",
            "TRUNCATE public.fresh, public.fresh_child",
            "DROP TABLE public.fresh_child; TRUNCATE public.fresh",
            "ALTER TABLE public.fresh_child DROP CONSTRAINT fresh_child_fk; TRUNCATE public.fresh",
            "DELETE FROM public.fresh",
        ] {
            check_clean_with(&runbook(sql), Some(&live));
        }
        let own = made().key("fresh", "parent", "fresh", "k", Refuse, Refuse).catalog;
        check_clean_with(&runbook("TRUNCATE public.fresh"), Some(&own));
    }
}
