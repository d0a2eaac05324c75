//! Takes the ledger and a request; gives leave when its people are the ones this ledger knows and its plan could have been
//! sealed; refuses a roster that somebody brought along, and a plan that no review would have passed.
//!
//! A request carries its own roster, so two signatures under it prove only that two keys of the bringer's choice signed.
//! The ledger knows the roster of the first request that was committed; the first one is taken at its word.

use super::ledger::Opened;
use super::{Failure, FailureKind};
use crate::approval::{LEAST_APPROVALS, Roster, approvals_that_count};
use crate::ledger::{RequestState, State};
use crate::plan::{Plan, recheck};
use crate::port::{Database, DatabaseError};

/// Refuses a plan that was written by hand and holds what no review passes (D-5).
pub(super) fn refuse_unreviewed(opened: &Opened) -> Result<(), Failure> {
    recheck(opened.plan.plan()).map_err(|reason| {
        let hint = "Nobody should sign it. Reject it, and ask who staged it; stage the runbook again.";
        Failure::new(FailureKind::Refused, format!("no review passed this plan: {reason}"), hint)
    })
}

/// Refuses a login that the plan does not name. A plan with `run_as` names a role, and each of its members runs it with a
/// login of their own; without, it names the login that rehearsed.
pub(super) async fn refuse_role(database: &dyn Database, plan: &Plan, actual: &str) -> Result<(), Failure> {
    let expected = &plan.target.role;
    match &plan.run_as {
        Some(role) => refuse_other_role(database, role).await,
        None if actual == expected => Ok(()),
        None => {
            let message = format!("role: expected {expected}, actual {actual}");
            let hint = "Connect as the role that rehearsed it, or stage again; `stage --run-as ROLE` lets the members of a role run it.";
            Err(Failure::new(FailureKind::Refused, message, hint))
        }
    }
}

/// Refuses a login that neither is the role nor was given its rights.
pub(super) async fn refuse_other_role(database: &dyn Database, role: &str) -> Result<(), Failure> {
    if database.acts_as(role).await? {
        return Ok(());
    }
    let login = database.target().await?.role;
    let message = format!("role: expected a member of {role}, actual {login}");
    let hint = "Connect as a login that was granted the role and inherits it. A superuser counts as no member: it has more rights \
                than any role that was rehearsed.";
    Err(Failure::new(FailureKind::Refused, message, hint))
}

/// Says what to do when the ledger would not take somebody's entry; asked before anybody signs.
pub(super) fn not_taken(error: DatabaseError) -> Failure {
    match error {
        DatabaseError::Refused { code, message } if code == "42501" => {
            let hint = "Connect as your own login. `countersign ledger logins` shows which login speaks for whom; the owner of the \
                        ledger maps logins and grants roles.";
            Failure::new(FailureKind::Refused, format!("the ledger would not take it: {message}"), hint)
        }
        other => other.into(),
    }
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
