//! `wrong-kind`: a statement names a kind that the object is not.

use super::{Found, RuleInfo, Scene, Spot, namespace};
use crate::runbook::ObjectKind;
use crate::runbook::sql::Touch;

pub(super) const INFO: RuleInfo = RuleInfo {
    name: "wrong-kind",
    summary: "DROP, TRUNCATE or REFRESH names a kind that the object is not.",
    help: "DROP VIEW of a materialized view, or DROP TABLE of a view, is refused by the server, IF EXISTS or not. Who wrote\n\
           it had another object in mind. With a connected database the kind is read from its catalog, without one from the\n\
           runbook's own declaration: there it is a hazard, because the declaration may be what is wrong.\n\n\
           What to do: write the verb of the kind that it is, such as DROP MATERIALIZED VIEW.",
};

pub(super) fn look(scene: &Scene<'_>, found: &mut Found) {
    for (statement, touched) in scene.touches() {
        let is_verb_of_kind = touched.how == Touch::Drop
            || touched.how == Touch::Truncate
            || statement.tree.statement().0 == "RefreshMatViewStmt" && touched.how == Touch::Update;
        let Some(said) = touched.kind.filter(|_| is_verb_of_kind) else { continue };
        // Relations of all kinds share their names; a function may have the name of a table.
        if namespace(said) != namespace(ObjectKind::Table) {
            continue;
        }
        let spot = Spot::Object(statement, touched);
        let verb = if touched.how == Touch::Drop { "DROP" } else { statement.tag.as_str() };
        let way_out = |is: ObjectKind| {
            if touched.how == Touch::Drop {
                format!("Write DROP {} {}.", word(is).to_uppercase(), touched.name)
            } else {
                format!("Remove it: {} cannot be done to a {}.", statement.tag, word(is))
            }
        };
        let live = scene.catalog.and_then(|catalog| catalog.objects.get(&touched.name)).map(|object| object.kind);
        if let Some(is) = live {
            if is != said && namespace(is) == namespace(said) {
                let message = format!("{} is a {}, and {verb} names it as a {}.", touched.name, word(is), word(said));
                found.block(spot, message, way_out(is));
            }
        } else if let Some(object) =
            scene.object(touched).filter(|object| scene.catalog.is_none() && object.kind != said)
        {
            let is = object.kind;
            let message =
                format!("{} is declared as a {}, and {verb} names it as a {}.", touched.name, word(is), word(said));
            found.hazard(spot, message, way_out(is));
        }
    }
}

/// Returns the words for a kind, as SQL has them.
pub(super) fn word(kind: ObjectKind) -> &'static str {
    match kind {
        ObjectKind::Table => "table",
        ObjectKind::View => "view",
        ObjectKind::MaterializedView => "materialized view",
        ObjectKind::Sequence => "sequence",
        ObjectKind::Index => "index",
        ObjectKind::Function => "function",
        ObjectKind::Trigger => "trigger",
        ObjectKind::Column => "column",
        ObjectKind::Constraint => "constraint",
        ObjectKind::EventTrigger => "event trigger",
        ObjectKind::Type => "type",
        ObjectKind::Schema => "schema",
        ObjectKind::Extension => "extension",
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{catalog, check, check_clean, check_clean_with, check_with, runbook};
    use crate::runbook::{ObjectKind, ObjectName};

    #[test]
    fn cases() {
        let mut live = catalog(&["v_fresh", "fresh_child"], &[]);
        live.objects.get_mut(&ObjectName::new("public", "v_fresh")).unwrap().kind = ObjectKind::MaterializedView;
        check_with(
            &runbook("DROP VIEW public.v_fresh"),
            Some(&live),
            "wrong-kind 1:11 block: is a materialized view, and DROP names it as a view. → Write DROP MATERIALIZED VIEW",
        );
        check_with(&runbook("DROP VIEW public.fresh_child"), Some(&live), "wrong-kind 1:11 block: is a table");
        check_with(&runbook("TRUNCATE public.v_fresh"), Some(&live), "wrong-kind 1:10 block: cannot be done to a");
        check("DROP VIEW public.fresh_child", "wrong-kind 1:11 hazard: declared as a table");
        check_clean_with(&runbook("DROP MATERIALIZED VIEW public.v_fresh"), Some(&live));
        check_clean_with(&runbook("DROP TABLE public.fresh_child"), Some(&live));
        check_clean("DROP VIEW public.v_fresh; DROP TABLE public.fresh_child");
    }
}
