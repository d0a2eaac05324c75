//! `undeclared-object`: a script touches nothing that the runbook does not declare (D-29).

use super::temporary_object::is_temporary;
use super::{Found, RuleInfo, Scene, Spot};
use crate::runbook::sql::{Touch, Touched};
use crate::runbook::{ObjectKind, ObjectName};

pub(super) const INFO: RuleInfo = RuleInfo {
    name: "undeclared-object",
    summary: "The script touches an object that the runbook does not declare.",
    help: "Every object belongs to exactly one class: greenfield, shared, retire_only, protected or growing. What is in no class\n\
           has no rule, so a script that touches it blocks: writing, dropping, locking and reading alike. Tables of the system\n\
           catalog may be read. A function that is only referred to, such as a trigger's, is a hazard.\n\n\
           What to do: declare [[object]] with its class, or remove the statement.",
};

pub(super) fn look(scene: &Scene<'_>, found: &mut Found) {
    for (statement, touched) in scene.touches() {
        if scene.object(touched).is_some() || is_system(touched) || is_made_here(scene, touched) {
            continue;
        }
        // `temporary-object` speaks of what lives in the session alone.
        if is_temporary(&touched.name) || is_part(touched) {
            continue;
        }
        let is_function = touched.kind == Some(ObjectKind::Function);
        let way_out =
            format!("Declare [[object]] name = \"{}\" with its class, or remove the statement.", touched.name);
        match touched.how {
            // `function-call` speaks of calls.
            Touch::Call => {}
            Touch::Read if is_function => {
                let message =
                    format!("The runbook does not declare the function {}, which is referred to here.", touched.name);
                found.hazard(Spot::Object(statement, touched), message, way_out);
            }
            Touch::Read
            | Touch::Lock
            | Touch::Insert
            | Touch::Update
            | Touch::Delete
            | Touch::Truncate
            | Touch::Create
            | Touch::Alter
            | Touch::Attach
            | Touch::Drop => {
                let message = format!("The runbook declares no object {}.", touched.name);
                found.block(Spot::Object(statement, touched), message, way_out);
            }
        }
    }
}

/// A column or constraint stands beside its table here: `alter-not-greenfield` judges it by the class of both.
fn is_part(touched: &Touched) -> bool {
    matches!(touched.kind, Some(ObjectKind::Column | ObjectKind::Constraint))
}

/// Reading the system catalog needs no declaration; writing to it has none to give.
fn is_system(touched: &Touched) -> bool {
    let is_schema = matches!(touched.name.schema.as_str(), "pg_catalog" | "information_schema");
    let is_unqualified_catalog = !touched.qualified && touched.name.name.starts_with("pg_");
    matches!(touched.how, Touch::Read | Touch::Call) && (is_schema || is_unqualified_catalog)
}

/// A trigger on, or index of, a declared table of this phase goes with its table.
fn is_made_here(scene: &Scene<'_>, touched: &Touched) -> bool {
    let Some(ObjectKind::Trigger) = touched.kind else { return false };
    let Some((relation, _)) = touched.name.name.rsplit_once('.') else { return false };
    let relation = scene.runbook.object(&ObjectName::new(&touched.name.schema, relation));
    relation.is_some_and(|object| object.class == crate::runbook::ObjectClass::Greenfield)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{check, check_clean};

    #[test]
    fn cases() {
        check("DROP TABLE public.unknown", "undeclared-object 1:12 block: public.unknown");
        check(
            "DELETE FROM other.events WHERE event_domain = 'governance'",
            "undeclared-object 1:13 block: other.events",
        );
        check(
            "DELETE FROM public.fresh WHERE k IN (SELECT k FROM unknown)",
            "undeclared-object 1:52 block: public.unknown",
        );
        check("DROP TRIGGER t ON public.events", "undeclared-object 1:14 block: public.events.t");
        check("DELETE FROM pg_catalog.pg_class WHERE oid = 1", "undeclared-object 1:13 block: pg_catalog.pg_class");
        check("DROP FUNCTION public.fresh", "undeclared-object 1:15 block: public.fresh");
        check("DROP INDEX public.i", "undeclared-object 1:12 block: public.i");
        check("ALTER TABLE public.unknown DROP COLUMN k", "undeclared-object 1:13 block: no object public.unknown.");
        check(
            "ALTER TABLE public.fresh ATTACH PARTITION other.part DEFAULT",
            "undeclared-object 1:43 block: other.part",
        );
        check_clean("DROP TABLE public.fresh_child");
        check_clean("DROP TRIGGER t ON public.fresh");
        check_clean("SELECT count(*) FROM pg_class, pg_catalog.pg_trigger, information_schema.tables");
        check_clean("WITH unknown AS (SELECT 1 AS k) DELETE FROM public.fresh WHERE k IN (SELECT k FROM unknown)");
    }
}
