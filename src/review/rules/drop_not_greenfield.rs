//! `drop-not-greenfield`: DROP only what this phase has created (D-3).

use super::{Found, RuleInfo, Scene, Spot};
use crate::review::Function;
use crate::runbook::sql::{Statement, Touch, Touched};
use crate::runbook::{ObjectClass, ObjectKind};

pub(super) const INFO: RuleInfo = RuleInfo {
    name: "drop-not-greenfield",
    summary: "DROP of an object that this phase has not created.",
    help: "Only objects classed greenfield were created by this phase, so only they may be dropped. A trigger may be dropped when\n\
           the same script creates it again (`trigger-reverted` then compares the definition). Objects of no class are the\n\
           matter of `undeclared-object`. A column or constraint of a table that others use is dropped by ALTER TABLE, and is\n\
           the matter of `alter-not-greenfield`; an index that this phase put on such a table is declared, of kind index.\n\
           A function is declared without its arguments. Where the connected database holds several of one name, nothing says\n\
           which of them this phase made, so dropping one is a hazard.\n\n\
           What to do: DELETE by the declared key, or retire by UPDATE, instead of DROP.",
};

pub(super) fn look(scene: &Scene<'_>, found: &mut Found) {
    for (statement, touched, object) in scene.declared().filter(|(_, touched, _)| touched.how == Touch::Drop) {
        if object.class == ObjectClass::Greenfield {
            overloads(scene, found, statement, touched);
            continue;
        }
        if is_made_again(scene, statement, touched) {
            continue;
        }
        let message = format!("{} was not created by this phase: it is not greenfield.", object.name);
        let way_out =
            "DELETE by the declared key, or retire by UPDATE; declare it greenfield only if this phase made it.";
        found.block(Spot::Object(statement, touched), message, way_out);
    }
}

/// D-3: a name is not enough where functions of other people share it.
fn overloads(scene: &Scene<'_>, found: &mut Found, statement: &Statement, touched: &Touched) {
    let named = |function: &&Function| function.name == touched.name;
    let same: Vec<&Function> =
        scene.catalog.map(|catalog| catalog.functions.iter().filter(named).collect()).unwrap_or_default();
    if touched.kind != Some(ObjectKind::Function) || same.len() < 2 {
        return;
    }
    let all: Vec<String> = same.iter().map(|one| format!("{}({})", one.name, one.arguments.join(", "))).collect();
    let message = format!(
        "{} functions have the declared name, and nothing says which of them this phase made: {}.",
        same.len(),
        all.join("; ")
    );
    let way_out =
        "Compare with the build script, write the argument types, and waive this with which one goes and why.";
    found.hazard(Spot::Object(statement, touched), message, way_out);
}

fn is_made_again(scene: &Scene<'_>, dropped: &Statement, trigger: &Touched) -> bool {
    trigger.kind == Some(ObjectKind::Trigger)
        && scene.touches().any(|(statement, touched)| {
            statement.ordinal > dropped.ordinal && touched.how == Touch::Create && touched.name == trigger.name
        })
}

#[cfg(test)]
mod tests {
    use super::super::reading::fixture::made;
    use super::super::testing::{check, check_clean, check_clean_with, check_with, runbook};
    use crate::runbook::{ObjectClass, Runbook};

    fn with_our_function(sql: &str) -> Runbook {
        let mut book = runbook(sql);
        let function = book.objects.iter_mut().find(|object| object.name.name == "f").unwrap();
        function.class = ObjectClass::Greenfield;
        book
    }

    #[test]
    fn a_name_that_several_functions_have() {
        let one = made().function("CREATE FUNCTION public.f() RETURNS int LANGUAGE sql AS 'SELECT 1'");
        let drop = with_our_function("DROP FUNCTION public.f()");
        check_clean_with(&drop, Some(&one.catalog));
        let two = one.function("CREATE FUNCTION public.f(a text) RETURNS int LANGUAGE sql AS 'SELECT 2'");
        let says = "drop-not-greenfield 1:15 hazard: 2 functions have the declared name";
        check_with(&drop, Some(&two.catalog), says);
        check_with(
            &with_our_function("DROP FUNCTION public.f(text)"),
            Some(&two.catalog),
            "drop-not-greenfield 1:15 hazard: public.f(text)",
        );
    }

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
