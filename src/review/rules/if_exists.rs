//! `if-exists`: IF EXISTS turns a wrong name into a success.

use super::{Found, RuleInfo, Scene, Spot};
use crate::runbook::sql::tree::truth;
use crate::runbook::sql::{Touch, Touched};

pub(super) const INFO: RuleInfo = RuleInfo {
    name: "if-exists",
    summary: "IF EXISTS hides that the object is not there.",
    help: "With IF EXISTS, DROP of a wrong or already dropped name raises a NOTICE and looks like success. Where the live catalog\n\
           shows the object, this is only a note: the run takes its locks before anybody else can drop it. Where the object is\n\
           absent, or no database is connected, it is a hazard.\n\n\
           What to do: remove IF EXISTS, or connect to the database and look at the diagnosis.",
};

pub(super) fn look(scene: &Scene<'_>, found: &mut Found) {
    for (statement, touched) in scene.touches() {
        let changed = matches!(touched.how, Touch::Drop | Touch::Alter);
        if !changed || !truth(statement.tree.statement().1, "missing_ok") {
            continue;
        }
        let spot = Spot::Object(statement, touched);
        let way_out = "Remove IF EXISTS, so that a wrong name is an error.";
        match presence(scene, touched) {
            Some(true) => found.mention(spot, format!("IF EXISTS is not needed: {} is there.", touched.name), way_out),
            Some(false) => {
                let message = format!("{} is not there: IF EXISTS would make this look like success.", touched.name);
                found.hazard(spot, message, way_out);
            }
            None => {
                let message =
                    format!("IF EXISTS would hide a wrong name for {}; no catalog has been looked at.", touched.name);
                found.hazard(spot, message, "Remove IF EXISTS, or review against the connected database.");
            }
        }
    }
}

/// Returns whether the catalog holds the object; `None` when nobody has looked.
fn presence(scene: &Scene<'_>, touched: &Touched) -> Option<bool> {
    let catalog = scene.catalog?;
    Some(catalog.objects.contains_key(&touched.name) || catalog.triggers.contains_key(&touched.name))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{catalog, check, check_clean, check_with, runbook};

    #[test]
    fn cases() {
        check("DROP TABLE IF EXISTS public.fresh_child", "if-exists 1:22 hazard: no catalog");
        let sql = runbook("DROP TABLE IF EXISTS public.fresh_child");
        check_with(&sql, Some(&catalog(&["fresh_child"], &[])), "if-exists 1:22 note: is there");
        check_with(&sql, Some(&catalog(&["fresh"], &[])), "if-exists 1:22 hazard: look like success");
        check_clean("DROP TABLE public.fresh_child");
    }
}
