//! Takes the ledger and a request; gives leave when its people are the ones this ledger knows and its plan could have been
//! sealed; refuses a roster that somebody brought along, and a plan that no review would have passed.
//!
//! A request carries its own roster, so two signatures under it prove only that two keys of the bringer's choice signed.
//! The ledger knows the roster of the first request that was committed; the first one is taken at its word.

use super::ledger::Opened;
use super::{Failure, FailureKind};
use crate::approval::{LEAST_APPROVALS, Roster, approvals_that_count};
use crate::ledger::{RequestState, State};
use crate::plan::recheck;

/// Refuses a plan that was written by hand and holds what no review passes (D-5).
pub(super) fn refuse_unreviewed(opened: &Opened) -> Result<(), Failure> {
    recheck(opened.plan.plan()).map_err(|reason| {
        let hint = "Nobody should sign it. Reject it, and ask who staged it; stage the runbook again.";
        Failure::new(FailureKind::Refused, format!("no review passed this plan: {reason}"), hint)
    })
}

/// Refuses a request whose roster is another than the known one, unless two people of the known one approved it (D-72).
pub(super) fn refuse_strangers(state: &State, opened: &Opened) -> Result<(), Failure> {
    let Some(known) = known_roster(state) else { return Ok(()) };
    if known.digest == opened.roster.digest || is_vouched(&known, opened) {
        return Ok(());
    }
    let message = format!(
        "the roster changed: expected {}, actual {}, and fewer than {LEAST_APPROVALS} people of the known roster have approved this request",
        known.digest.groups(),
        opened.roster.digest.groups()
    );
    let hint = "Changing the roster is a two-person act: two reviewers of the roster as it was must approve.";
    Err(Failure::new(FailureKind::Refused, message, hint))
}

/// Follows the roster from commit to commit; a change nobody vouched for changes nothing.
fn known_roster(state: &State) -> Option<Roster> {
    let committed = state.requests.iter().filter(|request| request.committed_stages > 0);
    committed.fold(None, |known, request| match known {
        Some(known) if known.text == request.roster => Some(known),
        Some(known) => Some(successor(&known, request).unwrap_or(known)),
        None => Opened::read(request).ok().filter(|first| is_vouched(&first.roster, first)).map(|first| first.roster),
    })
}

fn successor(known: &Roster, request: &RequestState) -> Option<Roster> {
    let opened = Opened::read(request).ok()?;
    is_vouched(known, &opened).then_some(opened.roster)
}

fn is_vouched(known: &Roster, opened: &Opened) -> bool {
    let editor = opened.plan.plan().editor.as_ref();
    let counted = approvals_that_count(&opened.request, editor, &opened.signatures(), known);
    u32::try_from(counted.len()).is_ok_and(|counted| counted >= LEAST_APPROVALS)
}
