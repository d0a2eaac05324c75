//! Rehearses, and stages what was rehearsed: sealed, signed by the requester, in the ledger.

use jiff::{SignedDuration, Timestamp};

use super::drive::drive;
use super::stop::{refuse_held, refuse_stop};
use super::survey::with_accepted;
use super::trust::{not_taken, refuse_other_role, refuse_pooler, runbooks_roster};
use super::{Failure, FailureKind, SignAs, Survey, Watch, World, survey_and_latch, usable};
use crate::approval::{Namespace, Roster, may_request};
use crate::census::Baseline;
use crate::diagnose::{ConditionState, Diagnosis};
use crate::digest::Digest;
use crate::ledger::Body;
use crate::plan::{Plan, REQUEST_FORMAT, Request, SealInput, SealedPlan, Via, canonical, seal};
use crate::port::{Database, DatabaseError};
use crate::rehearsal::{Rehearsal, judge_rehearsal};
use crate::run::Machine;
use crate::runbook::{Binding, Diagnostic, Principal, Runbook, StepId};

/// What is to be rehearsed or staged.
pub struct Staging<'a> {
    /// The runbook.
    pub runbook: &'a Runbook,
    /// What is wrong with it; errors refuse.
    pub diagnostics: &'a [Diagnostic],
    /// The baseline.
    pub baseline: &'a Baseline,
    /// The steps, in the order they are to be reversed.
    pub steps: &'a [StepId],
    /// Values for the parameters.
    pub bindings: &'a [(String, String)],
    /// The role whose members may run it; `None` is the login that stages it.
    pub run_as: Option<&'a str>,
    /// What runs it in the login's stead; the plan says so, and reviewers sign it.
    pub via: Option<Via>,
}

/// A request that is in the ledger.
#[derive(Clone, Debug)]
pub struct StagedRequest {
    /// Its short name.
    pub request: String,
    /// What people sign.
    pub digest: Digest,
    /// Until when it can be approved and run.
    pub not_after: Timestamp,
    /// The plan.
    pub plan: Plan,
    /// The rehearsal.
    pub rehearsal: Rehearsal,
}

/// Seals and rehearses; nothing is kept.
///
/// # Errors
/// When the review, the diagnosis, the parameters or the place forbid it, or nothing could be rehearsed.
pub async fn rehearse(
    world: &World,
    database: &dyn Database,
    staging: &Staging<'_>,
    requester: Principal,
    watch: &mut Watch<'_>,
) -> Result<(SealedPlan, Rehearsal, Survey), Failure> {
    usable(staging.diagnostics)?;
    refuse_pooler(database).await?;
    if let Some(role) = staging.run_as {
        refuse_other_role(database, role).await?;
    }
    // A look may wait for somebody's lock, and whoever waits may give up.
    let (looked, _) = tokio::select! {
        looked = survey_and_latch(world, database, staging.runbook, Some(staging.baseline)) => looked?,
        () = watch.cancel.asked() => {
            let hint = "Nothing was changed.";
            return Err(Failure::new(FailureKind::RolledBack, "the look at the database was cancelled", hint));
        }
    };
    let target = database.target().await?;
    let bindings: Vec<Binding> =
        staging.bindings.iter().map(|(name, value)| Binding { name: name.clone(), value: value.clone() }).collect();
    let (with_ledger, roster_version) = match world.ledgers.look(&*world.folders, database).await {
        // A chain that does not hold does not hinder a rehearsal: it changes nothing. A stop in it does.
        Ok((known, _)) => {
            refuse_stop(world, database, known.state()).await?;
            // A rehearsal may go on without a roster in force; its plan names none, so nobody can approve it.
            let version = runbooks_roster(known.state(), &target, staging.runbook);
            (true, version.map_or(0, |roster| roster.version()))
        }
        Err(DatabaseError::NoLedger) => {
            refuse_held(world, &target)?;
            (false, 0)
        }
        Err(error) => return Err(error.into()),
    };
    let runbook = with_accepted(world, database, staging.runbook).await?;
    let plan = seal(&SealInput {
        runbook: &runbook,
        review: &looked.review,
        catalog: &looked.catalog,
        diagnosis: &looked.diagnosis,
        steps: staging.steps,
        bindings: &bindings,
        baseline: staging.baseline,
        target,
        run_as: staging.run_as,
        roster_version,
        via: staging.via,
        requester,
        nonce: world.chance.nonce(),
        now: world.clock.now(),
    })
    .map_err(|refusal| stop_or_refusal(&looked, refusal.into()))?;
    let mut machine = Machine::rehearse(plan.clone(), Some(staging.baseline.clone()), with_ledger);
    let mut line = database.run_line();
    let finished = drive(&mut *line, &mut machine, plan.plan(), watch).await;
    let rehearsal = judge_rehearsal(&plan, &finished).map_err(|reason| {
        let hint = lock_hint(&reason).unwrap_or("Nothing was changed. Mend the cause, then rehearse again.");
        Failure::new(FailureKind::RolledBack, format!("the rehearsal could not be made: {reason}"), hint)
    })?;
    Ok((plan, rehearsal, looked))
}

/// A refusal because of a tripped condition is a stop, and has its exit code.
fn stop_or_refusal(looked: &Survey, failure: Failure) -> Failure {
    match looked.diagnosis.stop.first() {
        Some(reason) => {
            Failure::new(FailureKind::Stopped, format!("disaster stop: {reason}"), stop_hint(&looked.diagnosis))
        }
        None => failure,
    }
}

/// Says what to do about a stop; one for want of sight may be no disaster (D-51).
#[must_use]
pub fn stop_hint(diagnosis: &Diagnosis) -> &'static str {
    if diagnosis.is_blind() {
        "Something cannot be known, so nothing goes on. Where a right is missing, connect as a role that reads what the checks \
         and stop conditions ask (USAGE on the schema, SELECT on the tables, pg_read_all_stats); where the baseline does not hold \
         it, take one that does; where it takes too long or asks for what is not there, mend the check. Look again with \
         `countersign diagnose`."
    } else if diagnosis.facts.conditions.iter().all(|condition| condition.state == ConditionState::Clear) {
        "No condition has tripped and nothing is latched, but a check that names no step must hold throughout, and does not. Find \
         who changed it. A count that others add to belongs to an object of class growing, with expect = \"grows\"; what only a \
         step changes names it in `steps`. Look again with `countersign diagnose`."
    } else {
        "Halt. `countersign stop show` shows the evidence and what a restart needs; nothing runs on this target until then."
    }
}

/// Seals, rehearses, signs as the requester and appends to the ledger.
///
/// # Errors
/// As [`rehearse`]; and when the rehearsal did not pass, or the requester may not request.
pub async fn stage(
    world: &World,
    database: &dyn Database,
    staging: &Staging<'_>,
    signer: &SignAs,
    watch: &mut Watch<'_>,
) -> Result<StagedRequest, Failure> {
    let roster = staging.runbook.roster.as_ref().ok_or_else(|| Failure::from(crate::plan::SealRefusal::NoRoster))?;
    may_request(roster, &signer.principal)?;
    let staged = database.ledger_may("staged", &signer.principal).await;
    staged.map_err(not_taken)?;
    // Before the target's locks are taken: without a ledger whose chain holds nothing can be staged.
    let known = super::known::open_ledger(world, database).await?;
    refuse_stop(world, database, known.state()).await?;
    // D-72: nobody is asked to sign under a roster that is not in force.
    runbooks_roster(known.state(), &database.target().await?, staging.runbook)?;
    let (plan, rehearsal, _) = rehearse(world, database, staging, signer.principal.clone(), watch).await?;
    if !rehearsal.passed() {
        return Err(failed_rehearsal(&rehearsal));
    }
    keep(world, database, &plan, rehearsal, staging.baseline, roster, signer).await
}

/// Signs the request of a plan that was rehearsed, and appends it to the ledger.
pub(super) async fn keep(
    world: &World,
    database: &dyn Database,
    plan: &SealedPlan,
    rehearsal: Rehearsal,
    baseline: &Baseline,
    roster: &Roster,
    signer: &SignAs,
) -> Result<StagedRequest, Failure> {
    let request = request_of(plan, &rehearsal, world.clock.now())?;
    let text = canonical(&request)?;
    let signature = world.sign(signer, Namespace::Stage, text.as_bytes()).await?;
    let now = world.clock.now();
    crate::approval::verify(roster, &signature, Namespace::Stage, text.as_bytes(), now).map_err(|problem| {
        let hint = "Sign with the key that the roster names for this principal.";
        Failure::new(FailureKind::Refused, format!("the signature does not hold: {problem}"), hint)
    })?;
    let known = super::known::open_ledger(world, database).await?;
    super::touch::refuse_stepped_back(known.state(), &signature)?;
    let digest = Digest::of(text.as_bytes());
    let body = Body::Staged {
        request: text,
        plan: plan.text().to_owned(),
        rehearsal: canonical(&rehearsal)?,
        baseline: canonical(baseline)?,
        roster: roster.text.clone(),
        signature,
    };
    database.ledger_append(&body).await?;
    Ok(StagedRequest {
        request: request.id(),
        digest,
        not_after: request.not_after,
        plan: plan.plan().clone(),
        rehearsal,
    })
}

/// Says why a rehearsal did not pass.
#[must_use]
pub fn failed_rehearsal(rehearsal: &Rehearsal) -> Failure {
    let left = rehearsal.residue.iter().map(|residue| format!("{} was left behind", residue.what));
    let reasons: Vec<String> = rehearsal.failure.iter().cloned().chain(left).collect();
    let message = format!("the rehearsal did not pass and was rolled back: {}", reasons.join("; "));
    let hint = lock_hint(&message).unwrap_or("Mend the script or the expectation, then stage again.");
    Failure::new(FailureKind::RolledBack, message, hint)
}

/// Says what to do when the server gave up waiting for a lock (SQLSTATE 55P03): nothing is wrong with the script.
pub(super) fn lock_hint(message: &str) -> Option<&'static str> {
    if !message.contains("(55P03)") {
        None
    } else if message.contains("in the way: ") {
        Some(
            "Nothing was changed, and approvals of a run are void. Wait until the named session ends, or ask its owner to end \
             its transaction; then stage again.",
        )
    } else {
        Some(
            "Nothing was changed, and approvals of a run are void. Another session holds a lock in the way: find it in \
             pg_stat_activity (pg_blocking_pids), wait until it ends, then stage again.",
        )
    }
}

fn request_of(plan: &SealedPlan, rehearsal: &Rehearsal, now: Timestamp) -> Result<Request, Failure> {
    let document = plan.plan();
    let valid = SignedDuration::from_secs(i64::from(document.policy.approval_valid_seconds));
    Ok(Request {
        format: REQUEST_FORMAT.to_owned(),
        verb: document.verb(),
        nonce: document.nonce.clone(),
        plan_digest: plan.digest(),
        rehearsal_digest: Digest::of(canonical(rehearsal)?.as_bytes()),
        baseline_digest: document.baseline_digest,
        database: document.target.database.clone(),
        steps: document.stages.iter().map(|stage| stage.step.clone()).collect(),
        hazards: document.hazards.clone(),
        requester: document.requester.clone(),
        not_before: now,
        not_after: now.saturating_add(valid).unwrap_or(Timestamp::MAX),
    })
}
