//! Ends another session's open transaction (D-15): the last way out of 97.2, when its owner cannot be asked. Its plan needs
//! two approvals and names pid, backend start and transaction start, so that it can hit no other session.
//!
//! It sends neither DDL nor DML, and a session that is stuck is itself a reason to stop: so it alone goes on while a stop
//! holds.

use super::stage::keep;
use super::trust::{not_taken, refuse_pooler, runbooks_roster};
use super::{Failure, FailureKind, SignAs, StagedRequest, World};
use crate::approval::{Countersigned, SignedBytes, may_request};
use crate::census::{Baseline, Question, Reading};
use crate::ledger::Body;
use crate::plan::{EndSession, EndSessionInput, Plan, SealRefusal, seal_end_session};
use crate::port::{Database, RunLine};
use crate::rehearsal::{REHEARSAL_FORMAT, Rehearsal};
use crate::run::{
    Event, Finished, LedgerGate, Outcome, Purpose, Reply, RunToken, Step, Trace, end_session, questions,
    target_surprise,
};
use crate::runbook::{CheckId, ObjectName, Runbook, StepId};

/// How often is looked whether the process has gone; the server waits a tenth of a second before each look.
const LOOKS: usize = 100;

/// Which session is to be ended, as a person saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionChoice {
    /// The backend.
    pub pid: i32,
    /// Its transaction's start as it was shown, when it was: it must still be the same.
    pub xact_start: Option<jiff::Timestamp>,
}

/// Another session's open transaction, and the steps whose objects it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenSession {
    /// What is known of it.
    pub seen: crate::diagnose::OpenTransaction,
    /// The steps; none when it holds nothing of a step that anybody can see yet.
    pub steps: Vec<StepId>,
}

/// Finds the open transactions of other sessions on the runbook's objects (97.2).
///
/// # Errors
/// When the database cannot be read, or this login cannot see other sessions.
pub async fn open_sessions(database: &dyn Database, runbook: &Runbook) -> Result<Vec<OpenSession>, Failure> {
    let objects: Vec<ObjectName> = runbook.objects.iter().map(|object| object.name.clone()).collect();
    let open = database.open_transactions(&objects).await?;
    let steps = |seen: &crate::diagnose::OpenTransaction| -> Vec<StepId> {
        let held: Vec<&ObjectName> = seen.locks.iter().filter_map(|(name, _)| name.as_ref()).collect();
        let holds = |step: &StepId| {
            runbook.objects.iter().any(|object| object.steps.contains(step) && held.contains(&&object.name))
        };
        runbook.steps.iter().map(|step| step.id.clone()).filter(holds).collect()
    };
    Ok(open.into_iter().map(|seen| OpenSession { steps: steps(&seen), seen }).collect())
}

/// Seals a plan that ends a session, looks once more that it is that session, signs as the requester and appends.
///
/// # Errors
/// When there is no such session, this login may not end it, or the requester may not request.
pub async fn stage_end_session(
    world: &World,
    database: &dyn Database,
    runbook: &Runbook,
    baseline: &Baseline,
    choice: &SessionChoice,
    signer: &SignAs,
) -> Result<StagedRequest, Failure> {
    let roster = runbook.roster.as_ref().ok_or_else(|| Failure::from(SealRefusal::NoRoster))?;
    may_request(roster, &signer.principal)?;
    database.ledger_may("staged", &signer.principal).await.map_err(not_taken)?;
    refuse_pooler(database).await?;
    let known = super::known::open_ledger(world, database).await?;
    let target = database.target().await?;
    let roster_version = runbooks_roster(known.state(), &target, runbook)?.version();
    database.use_schema(&runbook.target.schema);
    let open = open_sessions(database, runbook).await?;
    let same = |open: &&OpenSession| {
        open.seen.pid == choice.pid && choice.xact_start.is_none_or(|start| open.seen.xact_start == Some(start))
    };
    let found = open.iter().find(same).ok_or_else(|| {
        let message = format!("session {} holds no open transaction on this runbook's objects any more", choice.pid);
        Failure::new(FailureKind::Refused, message, "Look again: it may have ended, or be another transaction by now.")
    })?;
    let end = EndSession::of(&found.seen, found.steps.clone()).map_err(|reason| {
        let hint = "Ask its owner; `countersign session list` has the words.";
        Failure::new(FailureKind::Refused, format!("it cannot be ended from here: {reason}"), hint)
    })?;
    let runbook = super::survey::with_accepted(world, database, runbook).await?;
    let plan = seal_end_session(EndSessionInput {
        runbook: &runbook,
        end: end.clone(),
        baseline,
        target,
        roster_version,
        requester: signer.principal.clone(),
        nonce: world.chance.nonce(),
        now: world.clock.now(),
    })?;
    // The rehearsal of what cannot be taken back is a look: is it that session, and may this login end it?
    let id = CheckId("session".to_owned());
    let asked = [Question::new(id.clone(), end_session::look(&end))];
    let looked = database.census(&asked).await?;
    let reason = match looked.readings.get(&id) {
        Some(Reading::Value(Some(may))) if may == "may" => None,
        Some(Reading::Value(Some(_))) => Some("this login may not end it; GRANT pg_signal_backend TO it".to_owned()),
        Some(Reading::Value(None)) | None => Some("it is no longer that session".to_owned()),
        Some(Reading::Blind(reason)) => Some(reason.clone()),
    };
    if let Some(reason) = reason {
        let message = format!("session {} cannot be ended: {reason}", end.pid);
        return Err(Failure::new(FailureKind::Refused, message, "Nothing was sent to it."));
    }
    let census = database.census(&questions(plan.plan())).await?;
    let rehearsal = Rehearsal {
        format: REHEARSAL_FORMAT.to_owned(),
        plan_digest: plan.digest(),
        taken_at: census.taken_at,
        duration_millis: 0,
        trace: Trace::default(),
        inside: Vec::new(),
        entry: census.clone(),
        exit: census,
        residue: Vec::new(),
        lasting: Vec::new(),
        failure: None,
    };
    keep(world, database, &plan, rehearsal, baseline, roster, signer).await
}

/// What a run that ends a session is made of.
pub(super) struct Ending<'a> {
    pub(super) plan: &'a Plan,
    pub(super) end: &'a EndSession,
    pub(super) countersigned: &'a Countersigned,
    pub(super) run: &'a str,
    pub(super) operator: SignedBytes,
}

/// Ends the session that two people have approved to end. Records it in the same transaction that takes the mutex; the
/// signal is sent just before COMMIT, and nothing is sent twice.
pub(super) async fn end_it(line: &mut dyn RunLine, ending: &Ending<'_>) -> Finished {
    let mut finished = Finished::not_begun();
    match deed(line, ending).await {
        Ok(Ended::Committed) => finished.outcome = Outcome::Committed,
        Ok(Ended::Unknown { token, reason }) => {
            finished.outcome = Outcome::Unknown { token, reason, committed: Vec::new() };
        }
        Err(reason) => {
            // Whatever is open on this line is rolled back, and the line closed.
            line.perform(&Step::Rollback).await;
            finished.failure = Some(reason.clone());
            finished.outcome = Outcome::RolledBack { reason, committed: Vec::new() };
        }
    }
    finished
}

enum Ended {
    Committed,
    Unknown { token: RunToken, reason: String },
}

async fn deed(line: &mut dyn RunLine, ending: &Ending<'_>) -> Result<Ended, String> {
    let Ending { plan, end, countersigned, run, operator } = ending;
    let request_digest = countersigned.request_digest();
    let intent = Body::Intent {
        request_digest,
        run: (*run).to_owned(),
        operator: operator.principal.clone(),
        signature: operator.clone(),
    };
    match line.perform(&Step::AppendApart(intent)).await {
        Event::Appended => {}
        // A stop holds back DDL and DML, and this is neither. What else may forbid it is asked again below, for good.
        Event::Failed(reason) if reason.starts_with("the ledger forbids it: ") => {}
        other => return Err(said(other)),
    }
    let connected = line.perform(&Step::Connect { needs_ledger: true, run_as: plan.run_as.clone() }).await;
    let Event::Connected { target, pid, backend_start, acts_as, blind } = connected else {
        return Err(said(connected));
    };
    if let Some(reason) = target_surprise(plan, &target, acts_as.as_deref()) {
        return Err(reason);
    }
    if !blind.is_empty() {
        return Err(format!("the role cannot see enough: {}", blind.join("; ")));
    }
    send(line, Purpose::Begin, end_session::BEGIN).await?;
    send(line, Purpose::Pin, &end_session::pin(&plan.settings)).await?;
    let mutex = send(line, Purpose::Mutex, end_session::MUTEX).await?;
    if mutex.tags != ["SELECT 1"] {
        return Err("the target's mutex row is missing; the ledger's owner must put it back".to_owned());
    }
    let xid = send(line, Purpose::LookAround, end_session::XID).await?;
    let xid = xid.rows.first().and_then(|row| row.first().cloned().flatten()).ok_or("the transaction has no number")?;
    let token = RunToken {
        run: (*run).to_owned(),
        stage: 0,
        xid,
        pid,
        backend_start,
        system_identifier: target.system_identifier,
        timeline: target.timeline,
    };
    let committed =
        Body::Committed { request_digest, run: (*run).to_owned(), stage: 0, stages: 1, token: token.clone() };
    match line.perform(&Step::AppendInside(committed)).await {
        Event::Appended => {}
        other => return Err(said(other)),
    }
    // Our entry holds the ledger's head: nobody withdraws between this look and COMMIT (D-74).
    let gate = match line.perform(&Step::ReadLedger).await {
        Event::LedgerRead(gate) => LedgerGate { stop: None, ..gate },
        other => return Err(said(other)),
    };
    if let Some(reason) = gate.forbids(countersigned) {
        return Err(format!("the ledger forbids it: {reason}"));
    }
    let signalled = send(line, Purpose::LookAround, &end_session::terminate(end)).await?;
    if let Some(reason) = end_session::refused(&signalled) {
        return Err(format!("session {} was not ended: {reason}", end.pid));
    }
    for look in 1.. {
        let there = send(line, Purpose::LookAround, &end_session::is_there(end)).await?;
        if there.rows.first().and_then(|row| row.first().cloned().flatten()).as_deref() == Some("0") {
            break;
        }
        if look == LOOKS {
            return Err(format!("session {} was signalled and is still there after {} s", end.pid, LOOKS / 10));
        }
    }
    Ok(match line.perform(&Step::Commit).await {
        Event::Answered(reply) if reply.error.is_none() && reply.tags == ["COMMIT"] => Ended::Committed,
        Event::Answered(reply) => {
            return Err(format!("COMMIT was answered with {:?}; the session is gone all the same", reply.tags));
        }
        other => Ended::Unknown { token, reason: said(other) },
    })
}

async fn send(line: &mut dyn RunLine, purpose: Purpose, sql: &str) -> Result<Reply, String> {
    match line.perform(&Step::Send { sql: sql.to_owned(), purpose }).await {
        Event::Answered(reply) => match &reply.error {
            Some(error) => Err(format!("{} ({})", error.message, error.code)),
            None => Ok(reply),
        },
        other => Err(said(other)),
    }
}

fn said(event: Event) -> String {
    match event {
        Event::Failed(reason) | Event::Lost(reason) => reason,
        event => format!("{event:?}"),
    }
}
