//! `write-on-protected`: protected and growing objects are never written to by a reversal (D-29).

use super::{Found, RuleInfo, Scene, Spot};
use crate::runbook::sql::{Touch, Touched};
use crate::runbook::{ObjectClass, ObjectKind};

pub(super) const INFO: RuleInfo = RuleInfo {
    name: "write-on-protected",
    summary: "The script writes to, or changes, a protected or growing object.",
    help: "A protected object (such as a table of approvals) must come out of every reversal exactly as it went in. A growing\n\
           object (such as an event outbox) is written to by other traffic only; its count may grow, but not by us. Rows,\n\
           definition, triggers, indexes, comments and names are all meant.\n\n\
           What to do: remove the statement. If the object must be changed, it was declared in the wrong class.",
};

pub(super) fn look(scene: &Scene<'_>, found: &mut Found) {
    for (statement, touched, object) in scene.declared().filter(|(_, touched, _)| touched.how.changes()) {
        let class = match object.class {
            ObjectClass::Protected => "protected",
            ObjectClass::Growing => "growing",
            ObjectClass::Greenfield | ObjectClass::Shared { .. } | ObjectClass::RetireOnly { .. } => continue,
        };
        let message = format!("{} is {class}: no reversal writes to it or changes it.", object.name);
        found.block(
            Spot::Object(statement, touched),
            message,
            "Remove the statement, or declare the object in its right class.",
        );
    }
    indexes(scene, found);
}

/// DROP INDEX does not name the table it changes; the catalog does.
fn indexes(scene: &Scene<'_>, found: &mut Found) {
    let Some(catalog) = scene.catalog else { return };
    let dropped = |touched: &Touched| touched.how == Touch::Drop && touched.kind == Some(ObjectKind::Index);
    for (statement, touched) in scene.touches().filter(|(_, touched)| dropped(touched)) {
        let of_table = catalog.parts.iter().filter(|edge| edge.by == "index" && edge.dependent == touched.name);
        for table in of_table.filter_map(|edge| scene.runbook.object(&edge.referenced)) {
            if matches!(table.class, ObjectClass::Protected | ObjectClass::Growing) {
                let message = format!("{} is an index of {}, which no reversal changes.", touched.name, table.name);
                found.block(
                    Spot::Object(statement, touched),
                    message,
                    "Remove the statement, or declare the table in its right class.",
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{catalog, check, check_clean, check_clean_with, check_with, runbook};
    use crate::review::Edge;
    use crate::runbook::{Object, ObjectClass, ObjectKind, ObjectName};

    #[test]
    fn an_index_is_dropped_from_a_table() {
        let mut drop = runbook("DROP INDEX public.i");
        drop.objects.push(Object {
            name: ObjectName::new("public", "i"),
            kind: ObjectKind::Index,
            class: ObjectClass::Greenfield,
            steps: Vec::new(),
            later_phase: false,
            optional: false,
        });
        let mut live = catalog(&["fixed", "events"], &[]);
        let of = |table: &str| Edge {
            dependent: ObjectName::new("public", "i"),
            referenced: ObjectName::new("public", table),
            by: "index".to_owned(),
        };
        live.parts = vec![of("fixed")];
        check_with(&drop, Some(&live), "write-on-protected 1:12 block: an index of public.fixed");
        live.parts = vec![of("events")];
        check_clean_with(&drop, Some(&live));
        check_clean_with(&drop, None);
    }

    #[test]
    fn cases() {
        check("DELETE FROM public.fixed WHERE id = 1", "write-on-protected 1:13 block: protected");
        check("INSERT INTO fixed VALUES (1)", "write-on-protected 1:13 block: public.fixed");
        check("UPDATE public.outbox SET x = 1 WHERE id = 1", "write-on-protected 1:8 block: growing");
        check("ALTER TABLE public.fixed ADD COLUMN x int", "write-on-protected 1:13 block: protected");
        check(
            "CREATE TRIGGER t BEFORE INSERT ON public.fixed EXECUTE FUNCTION public.f()",
            "write-on-protected 1:35 block: protected",
        );
        check("COMMENT ON TABLE public.fixed IS 'x'", "write-on-protected 1:18 block: protected");
        check("WITH d AS (DELETE FROM public.outbox RETURNING 1) SELECT 1", "write-on-protected 1:24 block: growing");
        check(
            "MERGE INTO public.fixed USING public.events AS e ON true WHEN MATCHED THEN DELETE",
            "write-on-protected 1:12 block: protected",
        );
        check_clean(
            "DELETE FROM public.events WHERE event_domain = 'governance' AND id NOT IN (SELECT id FROM public.fixed)",
        );
    }
}
