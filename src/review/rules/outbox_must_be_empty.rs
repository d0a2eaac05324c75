//! `outbox-must-be-empty`: registrations are not deleted while something made by them is on its way (D-35).

use super::{Found, RuleInfo, Scene, Spot};
use crate::runbook::sql::{Touch, split, touched};
use crate::runbook::{Check, Expectation, ObjectClass, ObjectName, Query, StopSign};

pub(super) const INFO: RuleInfo = RuleInfo {
    name: "outbox-must-be-empty",
    summary: "Rows of a shared table are deleted, and nothing proves that the outbox holds none of ours.",
    help: "A registered event type must not be deleted while the outbox still holds its events. This rule cannot know which table\n\
           registers and which sends. It sees this much: the runbook declares growing objects, the script deletes rows of a\n\
           shared table, and there is no check of this step (or of no step, which holds throughout) and no stop condition that\n\
           reads a growing object and expects exactly \"0\". It does not prove that the count asks for the right rows.\n\n\
           What to do: add a [[stop]] or [[check]] that counts this phase's rows in the outbox and expects equals = \"0\".",
};

pub(super) fn look(scene: &Scene<'_>, found: &mut Found) {
    let growing: Vec<&ObjectName> = scene
        .runbook
        .objects
        .iter()
        .filter(|object| object.class == ObjectClass::Growing)
        .map(|object| &object.name)
        .collect();
    if growing.is_empty() || is_watched(scene, &growing) {
        return;
    }
    for (statement, touched, object) in scene.declared().filter(|(_, touched, _)| touched.how == Touch::Delete) {
        let ObjectClass::Shared { .. } = object.class else { continue };
        let names: Vec<String> = growing.iter().map(ToString::to_string).collect();
        let message = format!(
            "Rows of {} are deleted, and no check or stop proves that {} holds none of ours.",
            object.name,
            names.join(" or ")
        );
        let way_out = "Add a [[stop]] that counts this phase's rows there and expects equals = \"0\".";
        found.block(Spot::Object(statement, touched), message, way_out);
    }
}

fn is_watched(scene: &Scene<'_>, growing: &[&ObjectName]) -> bool {
    let is_none = |expect: &Expectation| *expect == Expectation::Equals("0".to_owned());
    let reads = |query: &Query| match query {
        Query::Sql(sql) => split(sql).is_ok_and(|statements| {
            let all = statements.iter().flat_map(|statement| touched(statement, &scene.runbook.target.schema));
            all.into_iter().any(|one| growing.contains(&&one.name))
        }),
        Query::Definition(_, _) => false,
    };
    let of_step = |check: &&Check| check.steps.is_empty() || check.steps.contains(&scene.step.id);
    let by_check = scene.runbook.checks.iter().filter(of_step).any(|check| {
        let expect = check.per_step.get(&scene.step.id).unwrap_or(&check.expect);
        is_none(expect) && reads(&check.query)
    });
    let by_stop = scene.runbook.stops.iter().any(|stop| match &stop.sign {
        StopSign::Query { query, expect } => is_none(expect) && reads(query),
        StopSign::ErrorContains(_) => false,
    });
    by_check || by_stop
}

#[cfg(test)]
mod tests {
    use super::super::testing::{check_clean, check_with, runbook};

    #[test]
    fn cases() {
        let mut unwatched = runbook("DELETE FROM public.events WHERE event_domain = 'governance'");
        unwatched.stops.clear();
        check_with(&unwatched, None, "outbox-must-be-empty 1:13 block: public.outbox");
        check_clean("DELETE FROM public.events WHERE event_domain = 'governance'");
        check_clean("DELETE FROM public.fresh WHERE k = 1");
    }
}
