//! `later-phase`: what belongs to a later phase is not touched by this one (D-28).

use super::{Found, RuleInfo, Scene, Spot};

pub(super) const INFO: RuleInfo = RuleInfo {
    name: "later-phase",
    summary: "The script touches an object that belongs to a later phase.",
    help: "An object may be declared with later_phase = true: its key is known, but no step of this runbook has written to it,\n\
           so no reversal of this runbook has a reason to read or write it.\n\n\
           What to do: leave it to the runbook of its own phase.",
};

pub(super) fn look(scene: &Scene<'_>, found: &mut Found) {
    for (statement, touched, object) in scene.declared().filter(|(_, _, object)| object.later_phase) {
        let message = format!("{} belongs to a later phase; this phase has written nothing to it.", object.name);
        found.block(
            Spot::Object(statement, touched),
            message,
            "Remove the statement; the later phase has a runbook of its own.",
        );
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{check, check_clean};

    #[test]
    fn cases() {
        check("DELETE FROM public.later WHERE domain LIKE 'governance.%'", "later-phase 1:13 block: public.later");
        check(
            "DELETE FROM public.events WHERE event_domain = 'governance' AND k IN (SELECT k FROM later)",
            "later-phase 1:85 block: public.later",
        );
        check_clean("DELETE FROM public.events WHERE event_domain = 'governance'");
    }
}
