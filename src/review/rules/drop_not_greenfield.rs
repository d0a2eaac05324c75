//! `drop-not-greenfield`: DROP only what this phase has created (D-3).

use super::{Found, RuleInfo, Scene, Spot};
use crate::runbook::sql::{Statement, Touch, Touched};
use crate::runbook::{ObjectClass, ObjectKind};

pub(super) const INFO: RuleInfo = RuleInfo {
    name: "drop-not-greenfield",
    summary: "DROP of an object that this phase has not created.",
    help: "Only objects classed greenfield were created by this phase, so only they may be dropped. A trigger may be dropped when\n\
           the same script creates it again (`trigger-reverted` then compares the definition). Objects of no class are the\n\
           matter of `undeclared-object`. A column or constraint of a table that others use is dropped by ALTER TABLE, and is\n\
           the matter of `alter-not-greenfield`; an index that this phase put on such a table is declared, of kind index.\n\n\
           What to do: DELETE by the declared key, or retire by UPDATE, instead of DROP.",
};

pub(super) fn look(scene: &Scene<'_>, found: &mut Found) {
    for (statement, touched, object) in scene.declared().filter(|(_, touched, _)| touched.how == Touch::Drop) {
        if object.class == ObjectClass::Greenfield || is_made_again(scene, statement, touched) {
            continue;
        }
        let message = format!("{} was not created by this phase: it is not greenfield.", object.name);
        let way_out =
            "DELETE by the declared key, or retire by UPDATE; declare it greenfield only if this phase made it.";
        found.block(Spot::Object(statement, touched), message, way_out);
    }
}

fn is_made_again(scene: &Scene<'_>, dropped: &Statement, trigger: &Touched) -> bool {
    trigger.kind == Some(ObjectKind::Trigger)
        && scene.touches().any(|(statement, touched)| {
            statement.ordinal > dropped.ordinal && touched.how == Touch::Create && touched.name == trigger.name
        })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{check, check_clean};

    #[test]
    fn cases() {
        check("DROP TABLE public.events", "drop-not-greenfield 1:12 block: public.events");
        check("DROP TABLE IF EXISTS public.fresh_child, codes", "drop-not-greenfield 1:42 block: public.codes");
        check("DROP TABLE public.fixed", "drop-not-greenfield 1:12 block: public.fixed");
        check("DROP TRIGGER trg ON public.codes", "drop-not-greenfield 1:14 block: public.codes.trg");
        check_clean("DROP VIEW public.v_fresh; DROP TABLE public.fresh_child, public.fresh");
        check_clean("DELETE FROM public.fresh WHERE note = 'DROP TABLE public.events'");
    }
}
