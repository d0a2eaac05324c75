//! Runs an approved request, proves a lost COMMIT, and records what became of it.

use std::path::Path;
use std::sync::Arc;

use super::drive::drive;
use super::end_session::{Ending, end_it};
use super::finding::leave_finding;
use super::known::open_ledger;
use super::ledger::{Opened, find_request, read_ledger};
use super::stop::{Latch, StopLook, StopSource, latch, look_of_run, refuse_stop};
use super::survey::read_baseline;
use super::touch::{refuse_stepped_back, refuse_stepped_back_approvals};
use super::trust::{
    not_taken, refuse_closed_gate, refuse_pooler, refuse_role, refuse_unaccepted, refuse_unreviewed, requests_roster,
};
use super::{Failure, FailureKind, SignAs, Watch, World};
use crate::approval::{ApprovalRefusal, Namespace, check_operated, check_requested, countersign, may_operate};
use crate::census::{Baseline, CompareScope, compare};
use crate::diagnose::{conditions, stop_questions};
use crate::ledger::{Body, RequestStatus, StopMoment};
use crate::plan::Plan;
use crate::port::{Database, DatabaseError, DumpRows, Proof};
use crate::run::{Evidence, Finished, Machine, Outcome, questions, tripped};
use crate::runbook::StepId;

/// How often a lost COMMIT is asked after before people are asked instead; each try waits for the old transaction.
const PROOF_TRIES: usize = 5;

/// A run that has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ran {
    /// How it ended, and its evidence.
    pub finished: Finished,
    /// The finding it left by itself; `None` when it ended as approved, or nobody knows yet how.
    pub finding: Option<LeftFinding>,
}

/// What became of the finding that a run leaves when it did not end as approved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LeftFinding {
    /// It is in the ledger as this entry, to be signed.
    Kept(u64),
    /// It could not be kept, for this reason.
    NotKept(String),
}

impl LeftFinding {
    /// Says in one sentence what became of it.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Kept(seq) => format!("A finding of it is in the ledger, entry {seq}, to be signed"),
            Self::NotKept(reason) => format!("A finding of it could not be kept: {reason}"),
        }
    }
}

/// Runs a request that two people have approved. A run that does not end as approved leaves a finding in the ledger.
///
/// # Errors
/// When anything before the intent forbids it. How the run itself ended is in [`Ran`].
pub async fn run(
    world: &World,
    database: &dyn Database,
    name: &str,
    confirm: &str,
    signer: &SignAs,
    watch: &mut Watch<'_>,
) -> Result<Ran, Failure> {
    run_with(world, database, name, confirm, signer, None, watch).await
}

/// Does the same with a dump beside it, for a request that restores a table from it.
///
/// # Errors
/// As [`run`]; and when the dump is missing, or there is nothing to restore from it.
pub async fn run_with(
    world: &World,
    database: &dyn Database,
    name: &str,
    confirm: &str,
    signer: &SignAs,
    dump: Option<&Path>,
    watch: &mut Watch<'_>,
) -> Result<Ran, Failure> {
    // Nothing is saved near COMMIT: beside what this desk knew being there, the whole chain is read and verified once more.
    open_ledger(world, database).await?;
    let (_, state) = read_ledger(database).await?;
    let opened = find_request(&state, name)?;
    // Neither DDL nor DML, and a session that is stuck is itself a reason to stop: it alone goes on.
    let ends_session = opened.plan.plan().end_session.clone();
    if ends_session.is_none() {
        refuse_stop(world, database, &state).await?;
    }
    refuse_used(&opened)?;
    let rows = rows_of(world, opened.plan.plan(), dump)?;
    let target = &opened.plan.plan().target;
    if confirm != target.database {
        let message = format!("confirmation: expected the database name `{}`, actual `{confirm}`", target.database);
        return Err(Failure::new(FailureKind::Refused, message, "Type the name of the database exactly."));
    }
    database.use_schema(&opened.plan.plan().settings.schema);
    let live = database.target().await?;
    if !live.is_same_database(target) {
        let message = format!(
            "this is not the database that was approved: expected {} of server {}, actual {} of server {}",
            target.database, target.system_identifier, live.database, live.system_identifier
        );
        return Err(Failure::new(FailureKind::Refused, message, "Connect to the plan's target, or stage again."));
    }
    // Before the intent: a slip of the connection text must not use the approvals up.
    refuse_pooler(database).await?;
    refuse_role(database, opened.plan.plan(), &live.role).await?;
    opened.overtaken(&state).map_or(Ok(()), Err)?;
    // D-62: a restart begins at STEP 0, so what was staged before it is void.
    state.halt.voids(opened.state.seq).map_or(Ok(()), |lift| Err(ApprovalRefusal::Restarted(lift.seq)))?;
    refuse_unaccepted(&state, &opened)?;
    refuse_closed_gate(database, &opened).await?;
    // D-72: the people are those of the roster in force, and the plan must name that one.
    let roster = requests_roster(&state, &opened)?;
    may_operate(roster.roster(), &signer.principal)?;
    database.ledger_may("intent", &signer.principal).await.map_err(not_taken)?;
    refuse_unreviewed(&opened)?;
    // D-71: an agent may prepare, so the requester is checked like everybody else.
    check_requested(roster.roster(), &opened.request, &opened.state.requested, world.clock.now())?;
    refuse_stepped_back_approvals(&state, &opened)?;
    let countersigned = countersign(
        opened.plan.clone(),
        &opened.rehearsal,
        opened.request.clone(),
        &opened.signatures(),
        &roster,
        world.clock.now(),
    )?;
    let baseline = read_baseline(&opened.state.baseline)?;
    if ends_session.is_none() {
        refuse_tripped(world, database, &opened, &baseline).await?;
    }
    let operator = world.sign(signer, Namespace::Operate, opened.state.request.as_bytes()).await?;
    check_operated(roster.roster(), &opened.request, &operator, world.clock.now())?;
    refuse_stepped_back(&state, &operator)?;
    let run = world.chance.nonce();
    let against = Some(baseline.clone());
    let mut line = database.run_line();
    let mut finished = if let Some(end) = &ends_session {
        let (plan, run) = (opened.plan.plan(), run.as_str());
        let ending = Ending { plan, end, countersigned: &countersigned, run, operator };
        end_it(&mut *line, &ending).await
    } else {
        let mut machine = Machine::run(countersigned, opened.rehearsal.clone(), against, run.clone(), operator);
        if let Some(rows) = rows {
            line.bring(rows);
        }
        drive(&mut *line, &mut machine, opened.plan.plan(), watch).await
    };
    drop(line);
    let mut is_verified = ends_session.is_none();
    if let Outcome::Unknown { .. } = finished.outcome {
        finished.outcome = prove(database, finished.outcome, &opened.request.steps).await;
        is_verified = false;
    }
    if finished.outcome == Outcome::Committed && !is_verified {
        verify_after(database, opened.plan.plan(), &baseline, &mut finished).await;
    }
    record(world, database, &opened, &run, &finished).await?;
    let finding = match (&finished.outcome, &finished.failure) {
        (Outcome::Unknown { .. }, _) | (Outcome::Committed, None) => None,
        (Outcome::Committed, Some(_)) | (Outcome::RolledBack { .. }, _) => {
            leave_finding(world, database, opened.state.digest, &run, &signer.principal).await
        }
    };
    Ok(Ran { finished, finding })
}

/// D-60: the conditions are looked at before anything of the request is used up.
async fn refuse_tripped(
    world: &World,
    database: &dyn Database,
    opened: &Opened,
    baseline: &Baseline,
) -> Result<(), Failure> {
    let plan = opened.plan.plan();
    let census = database.census(&stop_questions(&plan.stops)).await?;
    let facts = conditions(&plan.stops, &census, Some(baseline));
    let look = StopLook { at: census.taken_at, target: census.target, facts, open: Vec::new() };
    let latched = latch(world, database, &source_of(opened, StopMoment::Preflight), &look).await?;
    let Some(where_held) = latched.words() else { return Ok(()) };
    let words: Vec<String> = look.tripped().iter().map(|it| format!("{}: {}", it.id, it.words())).collect();
    let message = format!("disaster stop: {} ({where_held})", words.join("; "));
    Err(Failure::new(FailureKind::Stopped, message, "Halt; nothing was begun. See `countersign stop show`."))
}

/// The conditions of a plan, for the entry of its stop.
fn source_of(opened: &Opened, moment: StopMoment) -> StopSource<'_> {
    let plan = opened.plan.plan();
    StopSource {
        runbook: &plan.runbook,
        stops: &plan.stops,
        steps: plan.stages.iter().map(|stage| stage.step.clone()).collect(),
        objects: plan.objects.iter().map(|object| object.name.clone()).collect(),
        moment,
        request: Some(opened.request.id()),
    }
}

/// D-20: what was proved committed is verified afterwards on a fresh connection, like every other run.
async fn verify_after(database: &dyn Database, plan: &Plan, baseline: &Baseline, finished: &mut Finished) {
    let Ok(census) = database.census(&questions(plan)).await else { return };
    let steps: Vec<StepId> = plan.stages.iter().map(|stage| stage.step.clone()).collect();
    let scope = match (&plan.restore, &finished.entry) {
        // D-17: what the session had begun is as it was before.
        _ if plan.end_session.is_some() => {
            CompareScope::Steps(plan.end_session.as_ref().map_or(&[][..], |end| end.steps.as_slice()))
        }
        (Some(restore), entry) => CompareScope::Restored(&restore.table, restore.kept, entry.as_ref()),
        (None, Some(entry)) if steps.len() == 1 => CompareScope::StepsAndHeld(&steps, entry),
        (None, Some(_) | None) => CompareScope::Steps(&steps),
    };
    let comparison = compare(&plan.checks, Some(baseline), &census, scope);
    finished.tripped = tripped(&plan.stops, Some(&baseline.census), &census);
    finished.failure = match (comparison.failures().next(), &finished.tripped) {
        (Some(row), _) => Some(format!("committed, but the verification after it failed: {}: {}", row.id, row.title)),
        (None, Some((condition, reason))) => {
            Some(format!("committed, but the stop condition {condition} tripped: {reason}"))
        }
        (None, None) => None,
    };
    finished.exit = Some(census);
    finished.after = Some(comparison);
}

/// Says where the rows are that a restore loads.
fn rows_of(world: &World, plan: &Plan, dump: Option<&Path>) -> Result<Option<DumpRows>, Failure> {
    match (&plan.restore, dump) {
        (None, None) => Ok(None),
        (Some(restore), Some(path)) => {
            let (dumps, table) = (Arc::clone(&world.dumps), restore.table.clone());
            Ok(Some(DumpRows { dumps, path: path.to_owned(), table }))
        }
        (Some(restore), None) => {
            let message =
                format!("this request restores {} from {}, and no dump is named", restore.table, restore.dump.file);
            Err(Failure::new(FailureKind::Unreadable, message, "Name the same dump with --dump FILE."))
        }
        (None, Some(_)) => {
            let hint = "Leave the dump out; only a restore needs one.";
            Err(Failure::new(FailureKind::Unreadable, "this request restores nothing from a dump", hint))
        }
    }
}

fn refuse_used(opened: &Opened) -> Result<(), Failure> {
    match &opened.state.status {
        RequestStatus::Open => Ok(()),
        RequestStatus::Begun { run } => Err(Failure::new(
            FailureKind::Unknown,
            format!("run {run} of this request began and its end is not recorded"),
            "Prove what became of it with --prove; it is never run twice.",
        )),
        RequestStatus::Rejected => {
            let (principal, reason) = opened.state.rejections.first().map_or_else(
                || ("somebody".into(), String::new()),
                |(signature, reason)| (signature.principal.clone(), reason.clone()),
            );
            Err(ApprovalRefusal::Rejected { principal, reason }.into())
        }
        RequestStatus::Ended(_) => Err(ApprovalRefusal::Used.into()),
    }
}

/// Asks what became of a COMMIT whose answer was lost. Never runs anything again.
async fn prove(database: &dyn Database, outcome: Outcome, steps: &[StepId]) -> Outcome {
    let Outcome::Unknown { token, mut reason, mut committed } = outcome else { return outcome };
    for _ in 0..PROOF_TRIES {
        match database.prove(&token).await {
            Ok(Proof::Committed) if committed.len() + 1 == steps.len() => return Outcome::Committed,
            Ok(Proof::Committed) => {
                // D-27: what is done is stated exactly, the stage whose answer was lost included.
                committed.extend(steps.get(committed.len()).cloned());
                let reason = format!(
                    "stage {} is proved committed; its answer was lost, and the rest was not begun",
                    token.stage + 1
                );
                return Outcome::RolledBack { reason, committed };
            }
            Ok(Proof::RolledBack) => {
                return Outcome::RolledBack { reason: format!("{reason}; proved: it was not committed"), committed };
            }
            Ok(Proof::StillUnknown(why)) => reason = why,
            Err(error) => reason = error.to_string(),
        }
    }
    Outcome::Unknown { token, reason, committed }
}

/// Tries again to prove the outcome of a run that ended unknown, or whose desk died.
///
/// # Errors
/// When there is nothing to prove, or it cannot be proved yet.
pub async fn prove_again(database: &dyn Database, name: &str) -> Result<Outcome, Failure> {
    let (_, state) = read_ledger(database).await?;
    let opened = find_request(&state, name)?;
    let (run, outcome) = match &opened.state.status {
        RequestStatus::Ended(Outcome::Unknown { token, reason, committed }) => {
            let unknown =
                Outcome::Unknown { token: token.clone(), reason: reason.clone(), committed: committed.clone() };
            (token.run.clone(), prove(database, unknown, &opened.request.steps).await)
        }
        // The desk died after the intent: whoever holds the mutex is gone once it can be taken, and the ledger decides.
        RequestStatus::Begun { run } => {
            let elsewhere = database.settle(&opened.plan.plan().target).await.map_err(|error| match error {
                DatabaseError::Refused { .. } => {
                    let hint = "Wait until it has ended, then prove again; nothing is run by proving.";
                    Failure::new(FailureKind::Unknown, error.to_string(), hint)
                }
                DatabaseError::Unreachable(_)
                | DatabaseError::NoLedger
                | DatabaseError::Blind(_)
                | DatabaseError::Lost(_)
                | DatabaseError::Garbled(_) => error.into(),
            })?;
            // Read again: the transaction may have committed between the first look and the mutex.
            let (_, settled) = read_ledger(database).await?;
            let now = find_request(&settled, name)?;
            if let RequestStatus::Ended(outcome) = &now.state.status {
                return Ok(outcome.clone());
            }
            // Another server, or another history of this one: that its ledger holds no outcome proves nothing.
            if let Some(reason) = elsewhere {
                let hint = "Connect to the server the run was on; do not run it again, and repair nothing by hand.";
                return Err(Failure::new(FailureKind::Unknown, format!("the outcome is unknown: {reason}"), hint));
            }
            let done = usize::try_from(now.state.committed_stages).unwrap_or(usize::MAX);
            let steps = opened.request.steps.iter().take(done).cloned().collect();
            let mut reason = "its desk ended before COMMIT was answered; proved: not committed".to_owned();
            if let Some(end) = &opened.plan.plan().end_session {
                // The signal cannot be taken back: only what was recorded of it was.
                reason += &format!("; whether session {} has ended, `countersign session list` tells", end.pid);
            }
            (run.clone(), Outcome::RolledBack { reason, committed: steps })
        }
        RequestStatus::Ended(outcome @ (Outcome::Committed | Outcome::RolledBack { .. })) => return Ok(outcome.clone()),
        RequestStatus::Open | RequestStatus::Rejected => {
            return Err(Failure::new(
                FailureKind::Unreadable,
                "this request has not been run",
                "There is nothing to prove.",
            ));
        }
    };
    let evidence = opened.state.evidence.clone().unwrap_or_default();
    let body = Body::Ended { request_digest: opened.state.digest, run, outcome: outcome.clone(), evidence };
    database.ledger_append(&body).await?;
    // A desk that was only slow may have gone on meanwhile: what the ledger adds up to is the answer.
    let (_, settled) = read_ledger(database).await?;
    match find_request(&settled, name)?.state.status {
        RequestStatus::Ended(proved) => Ok(proved),
        RequestStatus::Open | RequestStatus::Rejected | RequestStatus::Begun { .. } => Ok(outcome),
    }
}

/// Keeps the outcome and its evidence, and latches the stop when a condition tripped (D-61).
async fn record(
    world: &World,
    database: &dyn Database,
    opened: &Opened,
    run: &str,
    finished: &Finished,
) -> Result<(), Failure> {
    let evidence = Evidence {
        trace: finished.trace.clone(),
        inside: finished.inside.clone(),
        after: finished.after.clone(),
        failure: finished.failure.clone(),
    };
    let ended = Body::Ended {
        request_digest: opened.state.digest,
        run: run.to_owned(),
        outcome: finished.outcome.clone(),
        evidence,
    };
    // The latch first: a desk that dies in between must not leave the target open (D-61).
    let latched = match &finished.tripped {
        Some(tripped) => latch_run(world, database, opened, finished, tripped).await,
        None => Ok(()),
    };
    let appended = database.ledger_append(&ended).await.map(drop);
    latched?;
    appended.map_err(|error| {
        // What the transaction recorded of itself stands; only the evidence beside it is missing.
        let message =
            format!("the run ended ({}), but its evidence could not be kept: {error}", words(&finished.outcome));
        Failure::new(
            FailureKind::Unknown,
            message,
            "See `countersign ledger log`; prove with `countersign run REQUEST --prove`.",
        )
    })
}

/// Latches what tripped in a run. When it can be latched nowhere, nobody may take the run for an ordinary one.
async fn latch_run(
    world: &World,
    database: &dyn Database,
    opened: &Opened,
    finished: &Finished,
    tripped: &(String, String),
) -> Result<(), Failure> {
    let seen = finished.exit.as_ref().or(finished.entry.as_ref());
    let baseline = read_baseline(&opened.state.baseline).ok();
    let look = look_of_run(opened.plan.plan(), baseline.as_ref(), seen, tripped, world.clock.now());
    let latched = latch(world, database, &source_of(opened, StopMoment::Run), &look).await;
    match latched {
        Ok(Latch::Unlatched(reason)) => Err(unlatched(tripped, &reason)),
        Ok(Latch::Clear | Latch::Standing(_) | Latch::Ledger(_) | Latch::Here { .. }) => Ok(()),
        Err(failure) => Err(unlatched(tripped, &failure.message)),
    }
}

fn unlatched((condition, words): &(String, String), reason: &str) -> Failure {
    let message = format!("disaster stop {condition}: {words}; it could NOT be latched: {reason}");
    let hint = "Halt, and tell every desk: nothing holds them back. Declare it with `countersign stop declare`.";
    Failure::new(FailureKind::Stopped, message, hint)
}

fn words(outcome: &Outcome) -> String {
    RequestStatus::Ended(outcome.clone()).words()
}
