//! The verbs of the disaster stop: declare, show, check and upload.

use std::path::Path;

use serde_json::{Value, json};

use super::super::args::Connection;
use super::super::output::{counted, visible};
use super::super::stop_args::StopVerb;
use super::super::{Output, wiring};
use super::{baseline, open, runbook};
use crate::census::Reading;
use crate::diagnose::{ConditionState, OpenTransaction};
use crate::ledger::{StopMoment, StopState, TrippedCondition};
use crate::runbook::StepId;
use crate::session::{
    Declaring, Failure, FailureKind, HeldStop, Latch, StopSource, World, declare_stop, held_here, latch, look_at_stops,
    open_ledger, upload_stops,
};

/// `stop …`.
pub(super) async fn stop(world: &World, verb: &StopVerb, output: Output) -> Result<(), Failure> {
    match verb {
        StopVerb::Declare { reason, steps, connection, signing } => {
            let database = open(world, &connection.text).await?;
            let signer =
                wiring::signer(world, &signing.principal, &signing.key, signing.passphrase_file.as_deref()).await?;
            let steps: Vec<StepId> = steps.iter().map(|step| StepId(step.clone())).collect();
            let declaring = Declaring { reason, steps: &steps, signer: &signer };
            let latched = declare_stop(world, &*database, &declaring).await?;
            said(&latched, output)
        }
        StopVerb::Show { connection } => show(world, connection, output).await,
        StopVerb::Check { runbook, connection, baseline } => {
            check(world, runbook, connection, baseline.as_deref(), output).await
        }
        StopVerb::Upload { connection } => {
            let database = open(world, &connection.text).await?;
            let entries = upload_stops(world, &*database).await?;
            let seqs: Vec<u64> = entries.iter().map(|entry| entry.seq).collect();
            output.print(
                || match seqs.as_slice() {
                    [] => "This desk holds no stop.\n".to_owned(),
                    seqs => {
                        format!("{} latched for every desk: ledger entries {seqs:?}\n", counted(seqs.len(), "stop"))
                    }
                },
                || json!({"uploaded": seqs}),
            );
            Ok(())
        }
    }
}

/// Says where a declared stop holds. One that holds nowhere is a failure.
fn said(latched: &Latch, output: Output) -> Result<(), Failure> {
    if let Latch::Unlatched(reason) = latched {
        let hint = "Tell every desk by other means; a login that may append entries must declare it.";
        return Err(Failure::new(FailureKind::Refused, format!("the stop was NOT latched: {reason}"), hint));
    }
    let words = latched.words().unwrap_or_default();
    output.print(|| format!("DISASTER STOP: {words}\n"), || json!({"latched": latch_json(latched), "words": words}));
    Ok(())
}

fn latch_json(latched: &Latch) -> Value {
    match latched {
        Latch::Clear => json!({"where": "nowhere"}),
        Latch::Standing(seq) => json!({"where": "ledger", "entry": seq, "before": true}),
        Latch::Ledger(entry) => json!({"where": "ledger", "entry": entry.seq, "hash": entry.hash, "before": false}),
        Latch::Here { file, reason } => json!({"where": "this desk", "file": file, "reason": reason}),
        Latch::Unlatched(reason) => json!({"where": "nowhere", "reason": reason}),
    }
}

/// `stop check`.
async fn check(
    world: &World,
    folder: &Path,
    connection: &Connection,
    kept: Option<&Path>,
    output: Output,
) -> Result<(), Failure> {
    let (runbook, _) = runbook(world, folder)?;
    let database = open(world, &connection.text).await?;
    let before = baseline(world, &*database, &runbook, kept).await?;
    let look = look_at_stops(world, &*database, &runbook, before.as_ref()).await?;
    let latched = latch(world, &*database, &StopSource::of(&runbook, StopMoment::Look), &look).await?;
    let words = latched.words();
    output.print(
        || {
            let mut out = String::new();
            for fact in &look.facts {
                let mark = match fact.state {
                    ConditionState::Clear => "✓",
                    ConditionState::Tripped => "✗",
                    ConditionState::Unknown => "?",
                };
                out += &line(&format!("{mark} {}: {}", fact.id, fact.title));
                if fact.state != ConditionState::Clear {
                    out += &line(&format!("    expected {}", fact.expected));
                    out += &line(&format!("    actual   {}", value(&fact.actual)));
                }
            }
            out + &words.as_ref().map_or_else(String::new, |words| line(words))
        },
        || json!({"conditions": look.facts, "looked_at": look.at, "latched": latch_json(&latched)}),
    );
    let tripped = look.tripped();
    if let Some(first) = tripped.first() {
        let message = format!("disaster stop: {}: {}", first.id, first.words());
        return Err(Failure::new(FailureKind::Stopped, message, "Halt. See `countersign stop show`."));
    }
    let blind = look.facts.iter().find(|fact| fact.state == ConditionState::Unknown);
    blind.map_or(Ok(()), |fact| {
        // D-51: blind never passes, and is no disaster by itself.
        let message = format!("disaster stop: {} cannot be seen: {}", fact.id, value(&fact.actual));
        Err(Failure::new(FailureKind::Stopped, message, "Connect as a role that sees what the stop conditions ask."))
    })
}

/// `stop show`.
async fn show(world: &World, connection: &Connection, output: Output) -> Result<(), Failure> {
    let database = open(world, &connection.text).await?;
    let held = held_here(world, &database.target().await?)?;
    let known = open_ledger(world, &*database).await?;
    let stop = known.state().stop().cloned();
    output.print(
        || {
            let mut out = stop.as_ref().map_or_else(|| "No stop holds in the ledger.\n".to_owned(), stop_text);
            for held in &held {
                out += &line(&format!("This desk alone holds a stop since {}: {}", held.since, held_words(held)));
                out += &line(&format!("  the ledger could not be written: {}", held.reason));
            }
            out
        },
        || json!({"stop": stop.as_ref().map(stop_json), "held_here": held}),
    );
    if stop.is_none() && held.is_empty() {
        return Ok(());
    }
    let what = stop.map_or_else(|| held.first().map(held_words).unwrap_or_default(), |stop| stop.condition);
    Err(Failure::new(
        FailureKind::Stopped,
        format!("a disaster stop holds: {what}"),
        "Nothing runs on this target. `countersign restart show` says what a restart needs.",
    ))
}

fn held_words(held: &HeldStop) -> String {
    match &held.body {
        crate::ledger::Body::Stopped { condition, reason, .. } => format!("{condition}: {reason}"),
        other => other.kind().to_owned(),
    }
}

/// Says everything that a stop holds, for people.
pub(super) fn stop_text(stop: &StopState) -> String {
    let mut out = line(&format!("DISASTER STOP, ledger entry {}: {}", stop.seq, stop.condition));
    let by = stop.by.as_ref().map_or_else(|| format!("login {}", stop.actor), ToString::to_string);
    let moment = stop.detail.as_ref().map_or("", |detail| detail.moment.words());
    out += &line(&format!("  latched  {} by {by} {moment}", stop.at));
    let Some(detail) = &stop.detail else { return out + &line(&format!("  reason   {}", stop.reason)) };
    out += &line(&format!("  where    {} as {}, seen at {}", detail.database, detail.login, detail.seen_at));
    if let Some(since) = detail.held_here_since {
        out += &line(&format!("  held at one desk alone since {since}, and uploaded later"));
    }
    if let Some(request) = &detail.request {
        out += &line(&format!("  request  {request}"));
    }
    if detail.conditions.is_empty() {
        out += &line(&format!("  reason   {}", stop.reason));
    }
    for condition in &detail.conditions {
        out += &condition_text(condition);
    }
    if !detail.steps.is_empty() {
        let steps: Vec<&str> = detail.steps.iter().map(StepId::as_str).collect();
        out += &line(&format!("  about    {}; a restart begins at STEP 0 of each", steps.join(", ")));
    }
    out + &detail.session.as_ref().map_or_else(String::new, session_text)
}

fn condition_text(condition: &TrippedCondition) -> String {
    let mut out = line(&format!("  {}: {}", condition.id, condition.title));
    out += &line(&format!("    expected {}", condition.expected.replace('\n', "\n             ")));
    out += &line(&format!("    actual   {}", value(&condition.actual).replace('\n', "\n             ")));
    for row in &condition.rows {
        out += &line(&format!("    row      {row}"));
    }
    out
}

/// Says everything that is known of a session that must be left alone.
pub(super) fn session_text(session: &OpenTransaction) -> String {
    let mut out = line(&format!(
        "  quarantined session: pid {} of {} ({}), {}, open for {} s",
        session.pid, session.user, session.application, session.state, session.age_seconds
    ));
    let at = |at: Option<jiff::Timestamp>| at.map_or_else(|| "unknown".to_owned(), |at| at.to_string());
    out += &line(&format!(
        "    backend since {}, transaction since {}",
        at(session.backend_start),
        at(session.xact_start)
    ));
    out += &line(&format!("    last statement {}", session.last_statement.trim().replace('\n', " ")));
    for (relation, mode) in &session.locks {
        let relation = relation.as_ref().map_or_else(|| "a relation only it can see".to_owned(), ToString::to_string);
        out += &line(&format!("    holds {mode} on {relation}"));
    }
    out
}

fn stop_json(stop: &StopState) -> Value {
    json!({
        "entry": stop.seq, "hash": stop.hash, "at": stop.at, "login": stop.actor, "by": stop.by,
        "condition": stop.condition, "reason": stop.reason, "detail": stop.detail,
    })
}

fn value(reading: &Reading) -> String {
    match reading {
        Reading::Value(Some(value)) => value.clone(),
        Reading::Value(None) => "absent".to_owned(),
        Reading::Blind(reason) => format!("cannot be seen: {reason}"),
    }
}

/// One or more lines that a terminal shows and does not obey.
fn line(text: &str) -> String {
    text.lines().map(|line| format!("{}\n", visible(line))).collect()
}
