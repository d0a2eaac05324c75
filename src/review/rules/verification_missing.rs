//! `verification-missing`: a step nobody verifies cannot be called reversed (D-20).

use super::{Found, RuleInfo, Scene, Spot};

pub(super) const INFO: RuleInfo = RuleInfo {
    name: "verification-missing",
    summary: "No check verifies the reversal of this step.",
    help: "After a reversal the console asks every check that names the step, inside the transaction and again on a fresh\n\
           connection. A step that no check names would count as reversed because nothing complained.\n\n\
           What to do: add a [[check]] whose `steps` holds this step, such as SELECT to_regclass('schema.table') with\n\
           expect = \"absent\", or a count with equals.",
};

pub(super) fn look(scene: &Scene<'_>, found: &mut Found) {
    if !scene.runbook.checks.iter().any(|check| check.steps.contains(&scene.step.id)) {
        let message = format!("No check verifies that {} has been reversed.", scene.step.id);
        let way_out = format!("Add a [[check]] with steps = [\"{}\"] and what must hold afterwards.", scene.step.id);
        found.block(Spot::Script, message, way_out);
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{check_clean, check_with, runbook};

    #[test]
    fn cases() {
        let mut unverified = runbook("DROP TABLE public.fresh_child");
        unverified.checks.iter_mut().for_each(|check| check.steps.clear());
        check_with(&unverified, None, "verification-missing 0:0 block: S1");
        check_clean("DROP TABLE public.fresh_child");
    }
}
