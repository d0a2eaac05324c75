//! `parent-before-child`: children are dropped first (D-25).

use std::collections::{BTreeMap, BTreeSet};

use super::{Found, RuleInfo, Scene, Spot};
use crate::review::Catalog;
use crate::runbook::sql::{Touch, split, touched};
use crate::runbook::{ObjectKind, ObjectName, Runbook};

pub(super) const INFO: RuleInfo = RuleInfo {
    name: "parent-before-child",
    summary: "An object is dropped while something that depends on it is still there.",
    help: "Views go first, then referencing tables, then parents. With a connected database the order is checked against its\n\
           catalog: foreign keys, views, inheritance and triggers. Without one, against what the runbook's own build scripts\n\
           create: CREATE TABLE … REFERENCES, ALTER TABLE … FOREIGN KEY, CREATE VIEW and CREATE TRIGGER. A dependant must be\n\
           dropped earlier in the same script or in the same statement. One that belongs to a later step is a note, because\n\
           the diagnosis orders that step first; any other dependant blocks. Bodies of functions are not seen.\n\n\
           What to do: move the DROP of the dependant above, or reverse its step first.",
};

/// Returns the dependents of each object: from the catalog where there is one, else from the build scripts.
pub(super) fn edges(runbook: &Runbook, catalog: Option<&Catalog>) -> BTreeMap<ObjectName, Vec<ObjectName>> {
    let mut edges: BTreeMap<ObjectName, BTreeSet<ObjectName>> = BTreeMap::new();
    if let Some(catalog) = catalog {
        for edge in &catalog.edges {
            edges.entry(edge.referenced.clone()).or_default().insert(edge.dependent.clone());
        }
    } else {
        for script in runbook.steps.iter().filter_map(|step| step.build.as_ref()) {
            for statement in split(&script.text).unwrap_or_default() {
                let all = touched(&statement, &runbook.target.schema);
                let is_made =
                    |how: Touch, tag: &str| how == Touch::Create || (how == Touch::Alter && tag == "ALTER TABLE");
                for dependent in all.iter().filter(|one| is_made(one.how, &statement.tag)) {
                    let read = all.iter().filter(|one| one.how == Touch::Read && one.name != dependent.name);
                    read.for_each(|one| _ = edges.entry(one.name.clone()).or_default().insert(dependent.name.clone()));
                }
            }
        }
    }
    edges.into_iter().map(|(referenced, dependents)| (referenced, dependents.into_iter().collect())).collect()
}

pub(super) fn look(scene: &Scene<'_>, found: &mut Found) {
    let mut gone: BTreeSet<&ObjectName> = BTreeSet::new();
    for (statement, all) in scene.statements.iter().zip(&scene.touched) {
        // One DROP of several objects is one act: their order inside it does not matter.
        gone.extend(all.iter().filter(|one| one.how == Touch::Drop).map(|one| &one.name));
        for parent in all.iter().filter(|one| one.how == Touch::Drop) {
            for dependent in scene.edges.get(&parent.name).into_iter().flatten() {
                if gone.contains(dependent) || goes_with(scene, dependent, &gone) || *dependent == parent.name {
                    continue;
                }
                let spot = Spot::Object(statement, parent);
                if let Some(step) = later_step(scene, dependent) {
                    let message = format!("{dependent} of the later step {step} depends on {}.", parent.name);
                    found.mention(spot, message, format!("Reverse {step} first; the diagnosis orders it so."));
                } else {
                    let message =
                        format!("{} is dropped while {dependent}, which depends on it, is still there.", parent.name);
                    found.block(
                        spot,
                        message,
                        format!("Drop {dependent} above it, or reverse the step that made it first."),
                    );
                }
            }
        }
    }
}

/// A trigger goes with its table, and whatever has gone from the catalog is not in the way.
fn goes_with(scene: &Scene<'_>, dependent: &ObjectName, gone: &BTreeSet<&ObjectName>) -> bool {
    let is_on = |relation: &str| gone.contains(&ObjectName::new(&dependent.schema, relation));
    let is_trigger_of_gone = dependent.name.rsplit_once('.').is_some_and(|(relation, _)| is_on(relation));
    let is_index_of_gone = scene.runbook.object(dependent).is_some_and(|object| object.kind == ObjectKind::Index);
    is_trigger_of_gone || is_index_of_gone
}

/// Returns a step after this one that created the dependent.
fn later_step<'a>(scene: &Scene<'a>, dependent: &ObjectName) -> Option<&'a crate::runbook::StepId> {
    let object = scene.runbook.object(dependent)?;
    object.steps.iter().find(|id| scene.runbook.step(id).is_some_and(|step| step.position > scene.step.position))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{catalog, check_clean_with, check_with, runbook};
    use crate::runbook::{Script, StepId};

    #[test]
    fn the_catalog_decides() {
        let catalog = catalog(
            &["fresh", "fresh_child", "v_fresh"],
            &[("fresh_child", "fresh"), ("v_fresh", "fresh"), ("fresh.t", "fresh"), ("fresh", "fresh")],
        );
        let parent_first = runbook("DROP VIEW public.v_fresh; DROP TABLE public.fresh; DROP TABLE public.fresh_child;");
        check_with(&parent_first, Some(&catalog), "parent-before-child 1:38 block: public.fresh_child");
        check_with(&runbook("DROP TABLE fresh"), Some(&catalog), "parent-before-child 1:12 block: public.v_fresh");
        check_clean_with(
            &runbook("DROP VIEW public.v_fresh; DROP TABLE public.fresh_child; DROP TABLE public.fresh;"),
            Some(&catalog),
        );
        check_clean_with(
            &runbook("DROP VIEW public.v_fresh; DROP TABLE public.fresh, public.fresh_child;"),
            Some(&catalog),
        );
        check_clean_with(&parent_first, Some(&crate::review::Catalog::default()));
    }

    #[test]
    fn without_a_catalog_the_build_scripts_tell() {
        let mut built = runbook("DROP TABLE public.fresh; DROP TABLE public.fresh_child;");
        let build = "CREATE TABLE fresh (id int); CREATE TABLE public.fresh_child (id int REFERENCES fresh);";
        built.steps[0].build = Some(Script { path: "b.sql".to_owned(), text: build.to_owned() });
        check_with(&built, None, "parent-before-child 1:12 block: public.fresh_child");
        built.steps[0].reversal.text = "DROP TABLE public.fresh_child; DROP TABLE public.fresh;".to_owned();
        check_clean_with(&built, None);
    }

    #[test]
    fn a_dependant_of_a_later_step_is_the_diagnosis_matter() {
        let mut two = runbook("DROP TABLE public.fresh;");
        let mut second = two.steps[0].clone();
        (second.id, second.position) = (StepId::from("S2"), 2);
        second.reversal.text = "DROP TABLE public.fresh_child;".to_owned();
        two.steps.push(second);
        two.checks.iter_mut().for_each(|check| check.steps.push("S2".into()));
        let child = two.objects.iter_mut().find(|object| object.name.name == "fresh_child").unwrap();
        child.steps = vec!["S2".into()];
        let catalog = catalog(&["fresh", "fresh_child"], &[("fresh_child", "fresh")]);
        check_with(&two, Some(&catalog), "parent-before-child 1:12 note: later step S2");
        check_clean_with(&two, Some(&catalog));
    }
}
