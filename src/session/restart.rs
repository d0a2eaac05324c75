//! Takes what people sign after a disaster stop; gives a restart once every gate of D-62 is met; refuses a paper that the
//! ledger would not count, before anybody signs it.
//!
//! Nothing here lifts a stop. A paper is appended, and the ledger's own rule (see [`crate::ledger::Halt`]) says what it adds
//! up to, on this desk and on every other.

use std::collections::BTreeMap;

use super::known::open_ledger;
use super::stop::refuse_held;
use super::survey::with_accepted;
use super::touch::refuse_stepped_back;
use super::trust::{not_taken, roster_in_force};
use super::{Failure, FailureKind, SignAs, World};
use crate::approval::may_restart;
use crate::census::{Baseline, CompareScope, Question, Reading, compare};
use crate::diagnose::{ConditionState, conditions, questions};
use crate::digest::Digest;
use crate::ledger::{
    Authorisation, Body, Difference, DifferenceOf, Divergence, GateStanding, Halt, Lift, RESTART_FORMAT, RestartAct,
    RestartPaper, State, StepVerdict, StopState,
};
use crate::plan::canonical;
use crate::port::Database;
use crate::runbook::{CheckId, RestartBy, Runbook, StepId, StepRecord, for_step};

/// Where a restart stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RestartStanding {
    /// The stops that hold, the oldest first; none when the target is free.
    pub stops: Vec<StopState>,
    /// The gates, in the runbook's order.
    pub gates: Vec<GateStanding>,
    /// The newest restart, if there was one.
    pub lift: Option<Lift>,
}

/// What a paper that was just signed led to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RestartSaid {
    /// Its ledger entry.
    pub seq: u64,
    /// What it says, in words.
    pub words: String,
    /// Where the restart stands now.
    pub standing: RestartStanding,
    /// Whether this paper met the last gate.
    pub is_lifted: bool,
}

/// Everything a person sees before signing: where the gates stand, and what the live records say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RestartLook {
    /// Where it stands.
    pub standing: RestartStanding,
    /// The divergence finding, once it is written.
    pub divergence: Option<Divergence>,
    /// What the runbook's question about each affected step's authorisation answers now; none when it asks none.
    pub authorisations: BTreeMap<StepId, Reading>,
    /// What each record gate's question answers now; `None` where the gate asks nothing.
    pub records: BTreeMap<String, Option<Reading>>,
    /// How the gates that the finding holds differ from those of the open runbook; nothing when they do not.
    pub differs: Option<String>,
}

/// What the sovereign says of the affected steps.
pub struct Verdicts<'a> {
    /// One a step.
    pub verdicts: &'a [(StepId, Authorisation)],
    /// Why.
    pub reason: &'a str,
    /// What the sovereign was shown of the records, when a window showed it: it must still be so.
    pub seen: Option<&'a BTreeMap<StepId, Reading>>,
}

/// Says where the restart of a ledger stands; `runbook` names the gates as long as no divergence finding does.
#[must_use]
pub(super) fn standing_of(halt: &Halt, runbook: Option<&Runbook>) -> RestartStanding {
    let gates = runbook.map_or(&[][..], |runbook| &runbook.restart);
    RestartStanding {
        stops: halt.stops().to_vec(),
        gates: if halt.stops().is_empty() { Vec::new() } else { halt.gates(gates) },
        lift: halt.lifts().last().cloned(),
    }
}

/// Looks at where a restart stands, and at the live records behind its gates.
///
/// # Errors
/// When the ledger or the database cannot be read.
pub async fn look_at_restart(
    world: &World,
    database: &dyn Database,
    runbook: Option<&Runbook>,
) -> Result<RestartLook, Failure> {
    let known = open_ledger(world, database).await?;
    let halt = &known.state().halt;
    let standing = standing_of(halt, runbook);
    let Some((_, divergence)) = halt.divergence() else {
        return Ok(RestartLook {
            standing,
            divergence: None,
            authorisations: BTreeMap::new(),
            records: BTreeMap::new(),
            differs: None,
        });
    };
    let authorisations = ask_authorisations(database, divergence).await?;
    let mut records = BTreeMap::new();
    for gate in divergence.record_gates() {
        records.insert(gate.to_owned(), ask_record(database, divergence, gate).await?);
    }
    let differs = runbook.and_then(|runbook| other_gates(divergence, runbook));
    Ok(RestartLook { standing, divergence: Some(divergence.clone()), authorisations, records, differs })
}

/// Says how the gates of a divergence finding differ from a runbook's. Whoever writes the finding brings the gates along, and
/// everybody who signs on top of it should hold them against a runbook of their own.
fn other_gates(divergence: &Divergence, runbook: &Runbook) -> Option<String> {
    if divergence.runbook != runbook.id {
        return Some(format!("it is about the runbook {}, this is {}", divergence.runbook, runbook.id));
    }
    if divergence.gates == runbook.restart {
        return None;
    }
    let names = |gates: &[crate::runbook::RestartGate]| {
        gates.iter().map(|gate| gate.id.as_str()).collect::<Vec<_>>().join(", ")
    };
    let (held, own) = (names(&divergence.gates), names(&runbook.restart));
    Some(if held == own {
        format!("its gates ({held}) ask other questions than this runbook's")
    } else {
        format!("it holds the gates {held}, this runbook has {own}")
    })
}

fn refuse_other_gates(divergence: &Divergence, runbook: Option<&Runbook>) -> Result<(), Failure> {
    let Some(differs) = runbook.and_then(|runbook| other_gates(divergence, runbook)) else { return Ok(()) };
    let hint = "Sign nothing on top of it. Ask who wrote it; write the finding again with the runbook that counts.";
    Err(Failure::new(FailureKind::Refused, format!("the divergence finding: {differs}"), hint))
}

/// Takes a census, and writes and signs the divergence finding (97.10): what happened, and what differs from the baseline
/// now. Written again after a repair, it takes the place of the one before, and everything that stood on that one is void.
///
/// # Errors
/// When no stop holds, something cannot be seen, or the person's signature would not count.
pub async fn write_divergence(
    world: &World,
    database: &dyn Database,
    runbook: &Runbook,
    baseline: &Baseline,
    words: &str,
    steps: &[StepId],
    signer: &SignAs,
) -> Result<RestartSaid, Failure> {
    needed(words, "what happened is needed", "Say in a few sentences what happened; it is signed as you write it.")?;
    if let Some(step) = steps.iter().find(|step| runbook.step(step).is_none()) {
        let message = format!("the runbook has no step `{step}`");
        return Err(Failure::new(FailureKind::Unreadable, message, "Name steps as the runbook does."));
    }
    let target = database.target().await?;
    if baseline.runbook != runbook.id || !baseline.census.target.is_same_database(&target) {
        let message = format!(
            "the baseline is of another place: expected runbook {} on {}, actual runbook {} on {}",
            runbook.id, target.database, baseline.runbook, baseline.census.target.database
        );
        return Err(Failure::new(FailureKind::Refused, message, "Use a baseline of this runbook on this database."));
    }
    let known = open_ledger(world, database).await?;
    let halt = &known.state().halt;
    database.use_schema(&runbook.target.schema);
    let runbook = with_accepted(world, database, runbook).await?;
    let census = database.census(&questions(&runbook)).await?;
    let held = CompareScope::StepsAndHeld(&[], &baseline.census);
    let comparison = compare(&runbook.checks, Some(baseline), &census, held);
    let mut differences: Vec<Difference> = comparison
        .failures()
        .map(|row| Difference {
            of: DifferenceOf::Check,
            id: row.id.to_string(),
            title: row.title.clone(),
            expected: row.expected.clone(),
            actual: row.actual.clone(),
        })
        .collect();
    let facts = conditions(&runbook.stops, &census, Some(baseline));
    differences.extend(facts.iter().filter(|fact| fact.state != ConditionState::Clear).map(|fact| Difference {
        of: DifferenceOf::Condition,
        id: fact.id.clone(),
        title: fact.title.clone(),
        expected: fact.expected.clone(),
        actual: fact.actual.clone(),
    }));
    // The steps the stops are about, and whatever the writer adds; nobody knowing means all of them.
    let about = halt.steps();
    let all = about.is_empty() && steps.is_empty();
    let affected = runbook.steps.iter().map(|step| &step.id);
    let affected = affected.filter(|step| all || about.contains(*step) || steps.contains(step)).cloned().collect();
    let looked_at = u32::try_from(comparison.rows.len() + facts.len()).unwrap_or(u32::MAX);
    let divergence = Divergence {
        words: words.trim().to_owned(),
        runbook: runbook.id.clone(),
        runbook_digest: runbook.digest,
        steps: affected,
        gates: runbook.restart.clone(),
        baseline: Digest::of(canonical(baseline)?.as_bytes()),
        taken_at: census.taken_at,
        looked_at,
        differences,
    };
    sign(world, database, known.state(), RestartAct::Divergence(Box::new(divergence)), signer).await
}

/// Accepts every remaining difference of the divergence finding, as a sovereign.
///
/// # Errors
/// When there is nothing to accept, or the person's signature would not count.
pub async fn accept_differences(
    world: &World,
    database: &dyn Database,
    runbook: Option<&Runbook>,
    reason: &str,
    seen: Option<&[Difference]>,
    signer: &SignAs,
) -> Result<RestartSaid, Failure> {
    needed(reason, "a reason is needed", "Say in one sentence why the differences may stay.")?;
    let known = open_ledger(world, database).await?;
    let divergence = divergence_of(known.state())?;
    refuse_other_gates(divergence, runbook)?;
    if divergence.differences.is_empty() {
        let hint = "Nothing needs to be accepted; see `countersign restart show` for what is missing.";
        return Err(Failure::new(FailureKind::Refused, "no difference remains", hint));
    }
    if seen.is_some_and(|seen| seen != divergence.differences) {
        let hint = "Read it again, then accept.";
        return Err(Failure::new(FailureKind::Refused, "the divergence finding was written anew meanwhile", hint));
    }
    let differences = divergence.differences.clone();
    let act = RestartAct::Accepted { differences, reason: reason.trim().to_owned() };
    sign(world, database, known.state(), act, signer).await
}

/// Re-confirms or revokes the authorisation of each affected step, as a sovereign, and holds it against the live record.
///
/// # Errors
/// When a verdict is missing or contradicts the live record, or the person's signature would not count.
pub async fn authorise_steps(
    world: &World,
    database: &dyn Database,
    runbook: Option<&Runbook>,
    said: &Verdicts<'_>,
    signer: &SignAs,
) -> Result<RestartSaid, Failure> {
    needed(said.reason, "a reason is needed", "Say in one sentence why.")?;
    let known = open_ledger(world, database).await?;
    let divergence = divergence_of(known.state())?;
    refuse_other_gates(divergence, runbook)?;
    let live = ask_authorisations(database, divergence).await?;
    if let Some((step, _)) = said.seen.into_iter().flatten().find(|(step, seen)| live.get(*step) != Some(*seen)) {
        let message = format!("the record of {step} has changed since it was shown");
        return Err(Failure::new(FailureKind::Refused, message, "Look at it again, then sign."));
    }
    let verdict = |(step, verdict): &(StepId, Authorisation)| StepVerdict {
        step: step.clone(),
        verdict: *verdict,
        record: live.get(step).cloned(),
    };
    let verdicts = said.verdicts.iter().map(verdict).collect();
    let act = RestartAct::Authorised { verdicts, reason: said.reason.trim().to_owned() };
    sign(world, database, known.state(), act, signer).await
}

/// Looks at a record gate's record again, and signs that it was looked at; an empty name is the only gate there is.
///
/// # Errors
/// When the record is not as the runbook expects, or the person's signature would not count.
pub async fn recheck_record(
    world: &World,
    database: &dyn Database,
    runbook: Option<&Runbook>,
    gate: &str,
    words: &str,
    signer: &SignAs,
) -> Result<RestartSaid, Failure> {
    needed(words, "what you saw is needed", "Say in one sentence what the record says.")?;
    let known = open_ledger(world, database).await?;
    let divergence = divergence_of(known.state())?;
    refuse_other_gates(divergence, runbook)?;
    let gates = divergence.record_gates();
    let gate = match gates.as_slice() {
        [only] if gate.is_empty() => only,
        gates => *gates.iter().find(|it| **it == gate).ok_or_else(|| {
            let message = format!("`{gate}` is no record gate of this restart");
            Failure::new(FailureKind::Unreadable, message, format!("Name one of: {}.", gates.join(", ")))
        })?,
    };
    let answer = ask_record(database, divergence, gate).await?.unwrap_or(Reading::Value(None));
    let act = RestartAct::Record { gate: gate.to_owned(), answer, words: words.trim().to_owned() };
    sign(world, database, known.state(), act, signer).await
}

fn needed(text: &str, what: &str, hint: &str) -> Result<(), Failure> {
    if text.trim().is_empty() { Err(Failure::new(FailureKind::Unreadable, what, hint)) } else { Ok(()) }
}

fn divergence_of(state: &State) -> Result<&Divergence, Failure> {
    no_stop(&state.halt)?;
    state.halt.divergence().map(|(_, divergence)| divergence).ok_or_else(|| {
        let hint = "Write it first with `countersign restart divergence`; everything else is signed on top of it.";
        Failure::new(FailureKind::Refused, "there is no divergence finding yet", hint)
    })
}

fn no_stop(halt: &Halt) -> Result<&StopState, Failure> {
    halt.newest().ok_or_else(|| match halt.stop() {
        Some(unreadable) => {
            let hint = "Nothing lifts it: use the version that wrote the entry.";
            Failure::new(FailureKind::Stopped, unreadable.reason.clone(), hint)
        }
        None => Failure::new(FailureKind::Refused, "no stop holds", "There is nothing to restart."),
    })
}

/// Asks what the records say of each affected step; a gate without a question answers nothing.
async fn ask_authorisations(
    database: &dyn Database,
    divergence: &Divergence,
) -> Result<BTreeMap<StepId, Reading>, Failure> {
    let asked = divergence.gates.iter().find_map(|gate| match &gate.by {
        RestartBy::Sovereign { record } => record.as_ref(),
        RestartBy::Reconciliation | RestartBy::Record { .. } => None,
    });
    let Some(StepRecord { sql, expect: _ }) = asked else { return Ok(BTreeMap::new()) };
    let id = |step: &StepId| CheckId(format!("authorisation:{step}"));
    let question = |step: &StepId| Question::new(id(step), for_step(sql, step));
    let census = database.census(&divergence.steps.iter().map(question).collect::<Vec<_>>()).await?;
    let answer = |step: &StepId| {
        let unasked = || Reading::Blind("it was not asked".to_owned());
        (step.clone(), census.readings.get(&id(step)).cloned().unwrap_or_else(unasked))
    };
    Ok(divergence.steps.iter().map(answer).collect())
}

/// Asks what a record gate's record says; `None` when the gate asks nothing.
async fn ask_record(database: &dyn Database, divergence: &Divergence, gate: &str) -> Result<Option<Reading>, Failure> {
    let asked = divergence.gates.iter().find_map(|it| match &it.by {
        RestartBy::Record { sql, expect: _ } if it.id == gate => Some(sql.clone()),
        RestartBy::Record { .. } | RestartBy::Sovereign { .. } | RestartBy::Reconciliation => None,
    });
    let Some(sql) = asked else { return Ok(None) };
    let id = CheckId(format!("record:{gate}"));
    let census = database.census(&[Question::new(id.clone(), sql)]).await?;
    Ok(Some(census.readings.get(&id).cloned().unwrap_or_else(|| Reading::Blind("it was not asked".to_owned()))))
}

/// Signs a paper and appends it, when it would count.
async fn sign(
    world: &World,
    database: &dyn Database,
    state: &State,
    act: RestartAct,
    signer: &SignAs,
) -> Result<RestartSaid, Failure> {
    let newest = no_stop(&state.halt)?;
    let target = database.target().await?;
    // What this desk holds alone is part of what is to be lifted.
    refuse_held(world, &target)?;
    let (namespace, words) = (act.namespace(), act.words());
    // Before anybody is asked for a passphrase.
    may_restart(roster_in_force(state, &target)?.roster(), &signer.principal, namespace)?;
    database.ledger_may("restart", &signer.principal).await.map_err(not_taken)?;
    let divergence = match act {
        RestartAct::Divergence(_) => None,
        RestartAct::Accepted { .. } | RestartAct::Authorised { .. } | RestartAct::Record { .. } => {
            state.halt.divergence().map(|(kept, _)| kept.digest)
        }
    };
    let paper = RestartPaper {
        format: RESTART_FORMAT.to_owned(),
        system_identifier: target.system_identifier.clone(),
        database: target.database.clone(),
        stop: newest.seq,
        stop_hash: newest.hash,
        divergence,
        act,
        by: signer.principal.clone(),
        at: world.clock.now(),
    };
    let document = paper.text();
    let fault = state.halt.fault(&paper);
    fault.map_or(Ok(()), |reason| Err(refused(&reason)))?;
    let signature = world.sign(signer, namespace, document.as_bytes()).await?;
    state.halt.check(world.clock.now(), &document, &signature, &state.rosters).map_err(|reason| refused(&reason))?;
    refuse_stepped_back(state, &signature)?;
    let entry = database.ledger_append(&Body::Restart { document, signature }).await.map_err(not_taken)?;
    // Another desk may have signed or stopped meanwhile: what the ledger adds up to is the answer.
    let known = open_ledger(world, database).await?;
    let halt = &known.state().halt;
    if let Some(refusal) = halt.refused().iter().find(|it| it.seq == entry.seq) {
        let message = format!("entry {} was appended and does not count: {}", entry.seq, refusal.reason);
        return Err(Failure::new(FailureKind::Refused, message, "See `countersign restart show`, then sign again."));
    }
    let is_lifted = halt.lifts().last().is_some_and(|lift| lift.seq == entry.seq);
    Ok(RestartSaid { seq: entry.seq, words, standing: standing_of(halt, None), is_lifted })
}

fn refused(reason: &str) -> Failure {
    let hint = "Nothing was signed for the ledger. See `countersign restart show` for what is missing.";
    Failure::new(FailureKind::Refused, format!("it would not count: {reason}"), hint)
}
