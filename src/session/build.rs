//! Rehearses a step's forward build (D-16): BEGIN, the build, a census, ROLLBACK, and the proof that entry == exit. Nobody
//! thinks while the transaction is open: the census inside is looked at afterwards.

use super::drive::perform;
use super::stop::refuse_stop;
use super::trust::refuse_pooler;
use super::{Failure, FailureKind, Progress, Watch, World, usable, with_accepted};
use crate::census::{Baseline, Census, CompareScope, compare};
use crate::diagnose::{ConditionState, conditions, questions};
use crate::port::{Database, DatabaseError, RunLine};
use crate::rehearsal::residue;
use crate::run::{
    BuildRehearsal, BuildStatement, Event, Purpose, Reply, StatementTrace, Step, TransactionStatus, build_statements,
    end_session, in_the_way,
};
use crate::runbook::{Binding, Diagnostic, Runbook, StepId};

/// What is to be built and rolled back.
pub struct Building<'a> {
    /// The runbook.
    pub runbook: &'a Runbook,
    /// What is wrong with it; errors refuse.
    pub diagnostics: &'a [Diagnostic],
    /// The baseline the census inside is compared with.
    pub baseline: &'a Baseline,
    /// The step.
    pub step: &'a StepId,
    /// Values for the parameters.
    pub bindings: &'a [(String, String)],
}

/// Runs a step's build script in a transaction that is rolled back.
///
/// # Errors
/// When a stop holds, something in the script could leave the transaction, or nothing could be proved.
pub async fn rehearse_build(
    world: &World,
    database: &dyn Database,
    building: &Building<'_>,
    watch: &mut Watch<'_>,
) -> Result<BuildRehearsal, Failure> {
    usable(building.diagnostics)?;
    refuse_pooler(database).await?;
    let with_ledger = match world.ledgers.look(&*world.folders, database).await {
        Ok((known, _)) => {
            refuse_stop(world, database, known.state()).await?;
            // D-62: revoked means that it is not built any more.
            if let Some((crate::ledger::Authorisation::Revoked, lift)) = known.state().halt.authorisation(building.step)
            {
                let message = format!("{} was revoked in the restart of ledger entry {}", building.step, lift.seq);
                return Err(Failure::new(FailureKind::Refused, message, "It may be reversed, and not built."));
            }
            true
        }
        Err(DatabaseError::NoLedger) => false,
        Err(error) => return Err(error.into()),
    };
    let runbook = with_accepted(world, database, building.runbook).await?;
    let bound = |(name, value): &(String, String)| Binding { name: name.clone(), value: value.clone() };
    let bindings: Vec<Binding> = building.bindings.iter().map(bound).collect();
    let statements = build_statements(&runbook, building.step, &bindings).map_err(|reason| {
        let hint = "Nothing was sent. Mend the build script, or bind its parameters with --bind NAME=VALUE.";
        Failure::new(FailureKind::Blocked, format!("{} cannot be rehearsed: {reason}", building.step), hint)
    })?;
    database.use_schema(&runbook.target.schema);
    let mut line = database.run_line();
    let mut held = Held { entry: None, inside: None, statements: Vec::new(), millis: 0 };
    let failure = hold(&mut *line, &runbook, building.step, &statements, with_ledger, &mut held, watch).await.err();
    line.perform(&Step::Rollback).await;
    let exit = match line.perform(&Step::TakeCensusAfter(questions(&runbook))).await {
        Event::CensusTaken(census) => census,
        other => {
            let message = format!("entry == exit could not be proved: {}", said(other));
            return Err(Failure::new(FailureKind::RolledBack, message, "It was rolled back; take a census."));
        }
    };
    let Some(entry) = held.entry else {
        let reason = failure.unwrap_or_default();
        let message = format!("the build could not be rehearsed: {reason}");
        return Err(Failure::new(FailureKind::RolledBack, message, "Nothing was changed."));
    };
    let baseline = Some(building.baseline);
    let trips = held.inside.as_ref().map_or_else(Vec::new, |inside| {
        let facts = conditions(&runbook.stops, inside, baseline);
        let tripped = facts.into_iter().filter(|fact| fact.state == ConditionState::Tripped);
        tripped.map(|fact| format!("{}: {}", fact.id, fact.title)).collect()
    });
    let compared =
        |census: &Census| compare(&runbook.checks, baseline, census, CompareScope::StepsAndHeld(&[], &entry));
    Ok(BuildRehearsal {
        step: building.step.clone(),
        statements: held.statements,
        inside: held.inside.as_ref().map(compared),
        trips,
        residue: residue(&runbook.checks, &entry, &exit),
        entry,
        exit,
        failure,
        duration_millis: held.millis,
    })
}

/// What was seen while the transaction was open.
struct Held {
    entry: Option<Census>,
    inside: Option<Census>,
    statements: Vec<StatementTrace>,
    millis: u32,
}

async fn hold(
    line: &mut dyn RunLine,
    runbook: &Runbook,
    step: &StepId,
    statements: &[BuildStatement],
    with_ledger: bool,
    held: &mut Held,
    watch: &mut Watch<'_>,
) -> Result<(), String> {
    let connected = line.perform(&Step::Connect { needs_ledger: with_ledger, run_as: None }).await;
    let Event::Connected { blind, .. } = connected else { return Err(said(connected)) };
    if !blind.is_empty() {
        return Err(format!("the role cannot see enough: {}", blind.join("; ")));
    }
    let settings = crate::plan::Settings::new(runbook.timeouts, &runbook.target.schema);
    ask(line, Purpose::Begin, end_session::BEGIN).await?;
    ask(line, Purpose::Pin, &end_session::pin(&settings)).await?;
    if with_ledger {
        ask(line, Purpose::Mutex, end_session::MUTEX).await?;
    }
    let xid = number(&ask(line, Purpose::LookAround, end_session::XID).await?);
    held.entry = Some(census(line, runbook).await?);
    for statement in statements {
        if watch.cancel.is_asked() {
            return Err("cancelled by a person".to_owned());
        }
        let number_of = usize::try_from(statement.ordinal).unwrap_or(usize::MAX);
        (watch.say)(Progress::Sending { step: step.clone(), number: number_of, of: statements.len() });
        let send = Step::Send {
            sql: statement.sql.clone(),
            purpose: Purpose::Statement { stage: 0, statement: number_of.saturating_sub(1) },
        };
        let reply = match perform(line, &send, watch.cancel).await {
            Event::Answered(reply) => reply,
            other => return Err(said(other)),
        };
        held.millis = held.millis.saturating_add(reply.duration_millis);
        let surprise = surprise(&reply);
        held.statements.push(trace(step, statement, &reply, surprise.clone()));
        if let Some(traced) = held.statements.last() {
            (watch.say)(Progress::Answered(traced.clone()));
        }
        if let Some(surprise) = surprise {
            return Err(format!("statement {}, line {}: {surprise}", statement.ordinal, statement.line));
        }
    }
    // Deferred work is part of the build; a COMMIT would do it now.
    ask(line, Purpose::Constraints, "SET CONSTRAINTS ALL IMMEDIATE").await?;
    if number(&ask(line, Purpose::LookAround, end_session::XID).await?) != xid {
        return Err("the transaction is another one than was begun: something in the script ended it".to_owned());
    }
    held.inside = Some(census(line, runbook).await?);
    Ok(())
}

async fn census(line: &mut dyn RunLine, runbook: &Runbook) -> Result<Census, String> {
    match line.perform(&Step::TakeCensus(questions(runbook))).await {
        Event::CensusTaken(census) => Ok(census),
        other => Err(said(other)),
    }
}

async fn ask(line: &mut dyn RunLine, purpose: Purpose, sql: &str) -> Result<Reply, String> {
    match line.perform(&Step::Send { sql: sql.to_owned(), purpose }).await {
        Event::Answered(reply) => match surprise(&reply) {
            Some(surprise) => Err(surprise),
            None => Ok(reply),
        },
        other => Err(said(other)),
    }
}

fn surprise(reply: &Reply) -> Option<String> {
    if let Some(error) = &reply.error {
        return Some(format!("{} ({}){}", error.message, error.code, in_the_way(reply)));
    }
    if reply.tags.len() > 1 {
        return Some(format!("one statement was answered by {} tags", reply.tags.len()));
    }
    let is_open = reply.status == TransactionStatus::InTransaction;
    (!is_open).then(|| "the transaction is no longer open after it".to_owned())
}

fn trace(step: &StepId, statement: &BuildStatement, reply: &Reply, surprise: Option<String>) -> StatementTrace {
    let tag = reply.tags.first().cloned().unwrap_or_default();
    let rows = tag.rsplit(' ').next().filter(|word| word.bytes().all(|byte| byte.is_ascii_digit())).map(str::to_owned);
    StatementTrace {
        step: step.clone(),
        ordinal: statement.ordinal,
        tag: tag.trim_end_matches(|c: char| c.is_ascii_digit() || c == ' ').to_owned(),
        rows,
        duration_millis: reply.duration_millis,
        notices: reply.notices.clone(),
        locks: Vec::new(),
        waiting: Vec::new(),
        blockers: reply.blockers.clone(),
        surprise,
    }
}

fn number(reply: &Reply) -> Option<String> {
    reply.rows.first()?.first()?.clone()
}

fn said(event: Event) -> String {
    match event {
        Event::Failed(reason) | Event::Lost(reason) => reason,
        event => format!("{event:?}"),
    }
}
