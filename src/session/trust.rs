//! Takes the ledger and a request; gives leave when its people are those of the roster in force and its plan could have been
//! sealed; refuses a roster that somebody brought along, and a plan that no review would have passed.
//!
//! A request carries its own roster, so two signatures under it prove only that two keys of the bringer's choice signed. Which
//! roster counts is for the ledger's own history to say, every signature of it checked.

use super::ledger::Opened;
use super::{Failure, FailureKind};
use crate::approval::{Governed, RosterPlace, RosterVersion, check_roster};
use crate::census::Target;
use crate::ledger::State;
use crate::plan::{Plan, SealRefusal, Via, recheck};
use crate::port::{Database, DatabaseError};
use crate::runbook::Runbook;

/// Refuses a plan that was written by hand and holds what no review passes (D-5).
pub(super) fn refuse_unreviewed(opened: &Opened) -> Result<(), Failure> {
    recheck(opened.plan.plan()).map_err(|reason| {
        let hint = "Nobody should sign it. Reject it, and ask who staged it; stage the runbook again.";
        Failure::new(FailureKind::Refused, format!("no review passed this plan: {reason}"), hint)
    })
}

/// Refuses a plan that takes for accepted what no restart accepted (D-62).
pub(super) fn refuse_unaccepted(state: &State, opened: &Opened) -> Result<(), Failure> {
    let Plan { stops, checks, .. } = opened.plan.plan();
    let mut of_stops = stops.iter().zip(state.halt.accept(stops));
    let mut of_checks = checks.iter().zip(state.halt.accept_checks(checks));
    let odd_stop = of_stops.find(|(said, known)| said.accepted != known.accepted).map(|(stop, _)| stop.id.as_str());
    let odd_check = of_checks.find(|(said, known)| said.accepted != known.accepted).map(|(check, _)| check.id.as_str());
    let Some(odd) = odd_stop.or(odd_check) else { return Ok(()) };
    let message = format!("the plan and the ledger do not agree on what was accepted of `{odd}`");
    Err(Failure::new(FailureKind::Refused, message, "Stage it again."))
}

/// Refuses a connection pooler between this desk and the server: which backend holds the transaction, and whether a lost
/// COMMIT was its, could not be told.
pub(super) async fn refuse_pooler(database: &dyn Database) -> Result<(), Failure> {
    if database.is_direct().await? {
        return Ok(());
    }
    let message = "a connection pooler stands between here and the server: expected the backend that the login named, \
                   actual another one";
    let hint = "Connect to the server's own host and port, not to the pooler's; nothing was begun.";
    Err(Failure::new(FailureKind::Refused, message, hint))
}

/// Refuses a login that the plan does not name. A plan with `run_as` names a role, and each of its members runs it with a
/// login of their own; without, it names the login that rehearsed.
pub(super) async fn refuse_role(database: &dyn Database, plan: &Plan, actual: &str) -> Result<(), Failure> {
    let expected = &plan.target.role;
    match &plan.run_as {
        // The gate runs it, and the gate says for whom.
        _ if plan.via == Some(Via::Gate) => Ok(()),
        Some(role) => refuse_other_role(database, role).await,
        None if actual == expected => Ok(()),
        None => {
            let message = format!("role: expected {expected}, actual {actual}");
            let hint = "Connect as the role that rehearsed it, or stage again; `stage --run-as ROLE` lets the members of a role run it.";
            Err(Failure::new(FailureKind::Refused, message, hint))
        }
    }
}

/// Refuses what the server's own gate would not open for; asked before the intent, which uses the approvals up.
pub(super) async fn refuse_closed_gate(database: &dyn Database, opened: &Opened) -> Result<(), Failure> {
    if opened.plan.plan().via != Some(Via::Gate) {
        return Ok(());
    }
    database.gate_may(opened.state.digest).await.map_err(|error| match error {
        DatabaseError::Refused { code, message } if matches!(code.as_str(), "42501" | "42883") => {
            let hint = "PostgreSQL itself refuses. The manual page `gate` says what it asks for, and of whom.";
            Failure::new(FailureKind::Refused, format!("the gate is closed: {message}"), hint)
        }
        other => other.into(),
    })
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

/// Gives the roster in force on this database (D-72).
pub(super) fn roster_in_force(state: &State, target: &Target) -> Result<RosterVersion, Failure> {
    Ok(Governed::of(&state.rosters, RosterPlace::of(target)).in_force()?.clone())
}

/// Gives the roster in force when the runbook's text is that very one.
pub(super) fn runbooks_roster(state: &State, target: &Target, runbook: &Runbook) -> Result<RosterVersion, Failure> {
    let roster = runbook.roster.as_ref().ok_or_else(|| Failure::from(SealRefusal::NoRoster))?;
    let version = roster_in_force(state, target)?;
    if version.roster().digest == roster.digest {
        return Ok(version);
    }
    let message = format!(
        "the runbook's roster.toml is not the roster in force: expected version {} with digest {}, actual digest {}",
        version.version(),
        version.roster().digest.short(),
        roster.digest.short()
    );
    let hint = "Take the one in force into the folder with `countersign roster export --toml roster.toml`, or propose this one with \
                `countersign roster propose`: two reviewers must approve it.";
    Err(Failure::new(FailureKind::Refused, message, hint))
}

/// Gives the roster in force when the plan of a request names it; another one makes the request void.
pub(super) fn requests_roster(state: &State, opened: &Opened) -> Result<RosterVersion, Failure> {
    Ok(check_roster(opened.plan.plan(), &state.rosters)?)
}
