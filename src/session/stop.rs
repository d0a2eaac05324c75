//! Takes what a look at the stop conditions showed, or what somebody declares; gives a stop that is latched for every desk;
//! refuses everything while one holds (D-60, D-61).
//!
//! Whoever looks with the right to write the ledger latches. A reader says what he saw and goes no further. When the ledger
//! cannot be written at that moment, the stop is held at this desk alone, in a file, until it can be uploaded.

use std::path::PathBuf;

use jiff::Timestamp;

use super::known::open_ledger;
use super::stopped_here::{HeldStop, held_here, hold_here};
use super::survey::with_accepted;
use super::trust::not_taken;
use super::{Failure, FailureKind, SignAs, Survey, World};
use crate::approval::{Namespace, SignedBytes};
use crate::census::{Baseline, Census, Question, Reading, Target, describe};
use crate::diagnose::{ConditionFact, ConditionState, OpenTransaction, conditions, stop_questions};
use crate::ledger::{
    Body, DECLARED, Entry, STOP_FORMAT, SignedStop, State, StopDeclaration, StopDetail, StopMoment, TrippedCondition,
    evidence_rows, steps_of, stopped, tripped_of,
};
use crate::plan::{Plan, canonical};
use crate::port::{Database, DatabaseError};
use crate::runbook::{CheckId, ObjectName, Runbook, StepId, StopCondition, StopSign};

/// What became of a look at the stop conditions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Latch {
    /// Nothing tripped.
    Clear,
    /// Everything that tripped is held by a stop that stands already: its entry.
    Standing(u64),
    /// The stop was latched in the ledger, for every desk.
    Ledger(Box<Entry>),
    /// The ledger could not be written: the stop holds at this desk alone, and why.
    Here {
        /// The file that holds it.
        file: PathBuf,
        /// Why the ledger was not written.
        reason: String,
    },
    /// It tripped and could not be latched anywhere; why.
    Unlatched(String),
}

impl Latch {
    /// Says in one sentence where the stop holds; nothing when there is none.
    #[must_use]
    pub fn words(&self) -> Option<String> {
        match self {
            Self::Clear => None,
            Self::Standing(seq) => Some(format!("the stop of ledger entry {seq} holds it")),
            Self::Ledger(entry) => Some(format!("latched for every desk as ledger entry {}", entry.seq)),
            Self::Here { file, reason } => Some(format!(
                "held at this desk alone in {}, because the ledger could not be written ({reason}); `countersign stop upload` \
                 latches it for every desk",
                file.display()
            )),
            Self::Unlatched(reason) => Some(format!("NOT latched: {reason}")),
        }
    }
}

/// The stop conditions of a runbook, looked at in one census of their own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StopLook {
    /// When, by the server's clock.
    pub at: Timestamp,
    /// Where, and as whom.
    pub target: Target,
    /// Each condition and what it answered.
    pub facts: Vec<ConditionFact>,
    /// Other sessions' open transactions on the runbook's objects; empty where they were not asked for.
    pub open: Vec<OpenTransaction>,
}

impl StopLook {
    /// Returns what a whole survey says of the conditions.
    #[must_use]
    pub fn of(looked: &Survey) -> Self {
        let facts = &looked.diagnosis.facts;
        Self {
            at: looked.census.taken_at,
            target: looked.census.target.clone(),
            facts: facts.conditions.clone(),
            open: facts.open.clone(),
        }
    }

    /// Returns what a census says of them.
    #[must_use]
    pub fn of_census(runbook: &Runbook, census: &Census, baseline: Option<&Baseline>) -> Self {
        Self {
            at: census.taken_at,
            target: census.target.clone(),
            facts: conditions(&runbook.stops, census, baseline),
            open: Vec::new(),
        }
    }

    /// Returns the conditions that tripped.
    #[must_use]
    pub fn tripped(&self) -> Vec<TrippedCondition> {
        tripped_of(&self.facts)
    }
}

/// Asks the stop conditions and nothing else, in one pipelined read.
///
/// # Errors
/// When the database cannot be read.
pub async fn look_at_stops(
    world: &World,
    database: &dyn Database,
    runbook: &Runbook,
    baseline: Option<&Baseline>,
) -> Result<StopLook, Failure> {
    database.use_schema(&runbook.target.schema);
    let runbook = with_accepted(world, database, runbook).await?;
    let census = database.census(&stop_questions(&runbook.stops)).await?;
    Ok(StopLook::of_census(&runbook, &census, baseline))
}

/// Which conditions a latch is about, and what they belong to.
pub struct StopSource<'a> {
    /// The runbook's identifier.
    pub runbook: &'a str,
    /// Its conditions.
    pub stops: &'a [StopCondition],
    /// Its steps, in build order, as far as the stop may be about them.
    pub steps: Vec<StepId>,
    /// Its objects: on them a session in the way is looked for.
    pub objects: Vec<ObjectName>,
    /// On which occasion.
    pub moment: StopMoment,
    /// The request that is being run.
    pub request: Option<String>,
}

impl<'a> StopSource<'a> {
    /// Returns the source of a look at a whole runbook.
    #[must_use]
    pub fn of(runbook: &'a Runbook, moment: StopMoment) -> Self {
        Self {
            runbook: &runbook.id,
            stops: &runbook.stops,
            steps: runbook.steps.iter().map(|step| step.id.clone()).collect(),
            objects: runbook.objects.iter().map(|object| object.name.clone()).collect(),
            moment,
            request: None,
        }
    }
}

/// Latches what a look showed, in one act: in the ledger, or at this desk when the ledger cannot be written.
///
/// # Errors
/// When the ledger is there and cannot be read.
pub async fn latch(
    world: &World,
    database: &dyn Database,
    source: &StopSource<'_>,
    look: &StopLook,
) -> Result<Latch, Failure> {
    let mut tripped = look.tripped();
    if tripped.is_empty() {
        return Ok(Latch::Clear);
    }
    let state = match world.ledgers.look(&*world.folders, database).await {
        Ok((known, _)) => Some(std::sync::Arc::clone(known.state())),
        // Nothing runs without a ledger, so there is nothing to hold back.
        Err(DatabaseError::NoLedger) => {
            return Ok(Latch::Unlatched("this database has no ledger, so nothing can run on it".to_owned()));
        }
        Err(_) => None,
    };
    if let Some(seq) = state.as_ref().and_then(|state| held_by(state, &tripped)) {
        return Ok(Latch::Standing(seq));
    }
    add_evidence(database, source.stops, &mut tripped).await;
    let session = quarantined(database, source, look).await;
    let detail = StopDetail {
        database: look.target.database.clone(),
        login: look.target.role.clone(),
        seen_at: look.at,
        moment: source.moment,
        runbook: source.runbook.to_owned(),
        request: source.request.clone(),
        steps: steps_of(&tripped, source.stops, &source.steps),
        conditions: tripped,
        session,
        declared: None,
        held_here_since: None,
    };
    Ok(put(world, database, &look.target, stopped(detail)).await)
}

/// Returns the stop that holds everything that tripped already.
fn held_by(state: &State, tripped: &[TrippedCondition]) -> Option<u64> {
    let newest = state.halt.newest()?;
    let held: Vec<&str> = state.halt.stops().iter().flat_map(|stop| stop.condition.split(", ")).collect();
    tripped.iter().all(|tripped| held.contains(&tripped.id.as_str())).then_some(newest.seq)
}

/// Asks the rows behind each condition; what cannot be asked is told as such.
async fn add_evidence(database: &dyn Database, stops: &[StopCondition], tripped: &mut [TrippedCondition]) {
    let evidence = |id: &str| stops.iter().find(|stop| stop.id == id)?.evidence.clone();
    let asked: Vec<Question> = tripped
        .iter()
        .filter_map(|tripped| Some(Question::new(CheckId(tripped.id.clone()), evidence(&tripped.id)?)))
        .collect();
    if asked.is_empty() {
        return;
    }
    let answers = database.census(&asked).await;
    for tripped in tripped.iter_mut().filter(|tripped| asked.iter().any(|asked| asked.id.as_str() == tripped.id)) {
        tripped.rows = match &answers {
            Ok(census) => evidence_rows(census.readings.get(&CheckId(tripped.id.clone()))),
            Err(error) => vec![format!("the rows could not be read: {error}")],
        };
    }
}

/// Finds the session to quarantine: the oldest open transaction on the runbook's objects.
async fn quarantined(database: &dyn Database, source: &StopSource<'_>, look: &StopLook) -> Option<OpenTransaction> {
    let open = if look.open.is_empty() {
        database.open_transactions(&source.objects).await.unwrap_or_default()
    } else {
        look.open.clone()
    };
    // A run's own connection is gone by now; whoever is still open is somebody else.
    open.into_iter().max_by_key(|open| open.age_seconds)
}

/// A login without the right holds nothing, here or anywhere.
fn may_not(message: &str) -> Latch {
    Latch::Unlatched(format!("this login may not write the ledger ({message}); somebody who may must look as well"))
}

/// Appends a stop to the ledger, or holds it here.
async fn put(world: &World, database: &dyn Database, target: &Target, body: Body) -> Latch {
    match database.ledger_append(&body).await {
        Ok(entry) => Latch::Ledger(Box::new(entry)),
        Err(DatabaseError::Refused { code, message }) if code == "42501" => may_not(&message),
        // The table itself is closed to it.
        Err(DatabaseError::Blind(message)) => may_not(&message),
        Err(error) => hold_here(world, target, body, &error),
    }
}

/// Refuses everything while a stop holds, in the ledger or at this desk (D-61).
///
/// # Errors
/// [`FailureKind::Stopped`], saying what tripped, when, where and with which values.
pub(super) async fn refuse_stop(world: &World, database: &dyn Database, state: &State) -> Result<(), Failure> {
    if let Some(stop) = state.stop() {
        let message = format!(
            "a disaster stop holds since {} (ledger entry {}, by {}): {}: {}",
            stop.at,
            stop.seq,
            stop.by.as_ref().map_or_else(|| stop.actor.clone(), ToString::to_string),
            stop.condition,
            stop.reason
        );
        return Err(Failure::new(FailureKind::Stopped, message, STOPPED));
    }
    refuse_held(world, &database.target().await?)
}

/// Refuses everything while this desk alone holds a stop.
pub(super) fn refuse_held(world: &World, target: &Target) -> Result<(), Failure> {
    let Some(HeldStop { since, reason, body }) = held_here(world, target)?.into_iter().next() else { return Ok(()) };
    let (condition, words) = match body {
        Body::Stopped { condition, reason, .. } => (condition, reason),
        other => (other.kind().to_owned(), String::new()),
    };
    let message = format!(
        "a disaster stop holds at this desk since {since} on {}: {condition}: {words}; the ledger could not be written then: {reason}",
        target.database
    );
    let hint =
        "Upload it with `countersign stop upload`, so that it holds for every desk; then see `countersign stop show`.";
    Err(Failure::new(FailureKind::Stopped, message, hint))
}

/// What to do while a stop holds.
const STOPPED: &str = "Halt. `countersign stop show` shows the evidence, and what a restart needs; nothing runs on this target until then.";

/// What somebody declares.
pub struct Declaring<'a> {
    /// Why everything must halt.
    pub reason: &'a str,
    /// The steps it is about; empty when nobody knows yet.
    pub steps: &'a [StepId],
    /// Who declares it.
    pub signer: &'a SignAs,
}

/// Declares a stop by hand, signed.
///
/// # Errors
/// When there is no reason, the key cannot sign, or the ledger would refuse this person's entry.
pub async fn declare_stop(world: &World, database: &dyn Database, declaring: &Declaring<'_>) -> Result<Latch, Failure> {
    let Declaring { reason, steps, signer } = declaring;
    if reason.trim().is_empty() {
        return Err(Failure::new(
            FailureKind::Unreadable,
            "a reason is needed",
            "Say in one sentence why all must halt.",
        ));
    }
    let target = database.target().await?;
    // Asked before anybody signs; a ledger that does not answer must not hinder a stop.
    if let Err(error @ DatabaseError::Refused { .. }) = database.ledger_may("stopped", &signer.principal).await {
        match not_taken(error) {
            refused if refused.kind == FailureKind::Refused => return Err(refused),
            _ => {}
        }
    }
    let declaration = StopDeclaration {
        format: STOP_FORMAT.to_owned(),
        system_identifier: target.system_identifier.clone(),
        database: target.database.clone(),
        reason: reason.trim().to_owned(),
        steps: steps.to_vec(),
        by: signer.principal.clone(),
        at: world.clock.now(),
    };
    let document = canonical(&declaration)?;
    let signature = world.sign(signer, Namespace::Stop, document.as_bytes()).await?;
    refuse_stranger(world, database, &signature, &document).await?;
    let detail = StopDetail {
        database: target.database.clone(),
        login: target.role.clone(),
        seen_at: declaration.at,
        moment: StopMoment::Declared,
        runbook: String::new(),
        request: None,
        conditions: Vec::new(),
        steps: steps.to_vec(),
        session: None,
        declared: Some(SignedStop { document, signature: signature.clone() }),
        held_here_since: None,
    };
    let body = Body::Stopped {
        condition: DECLARED.to_owned(),
        reason: declaration.reason,
        by: Some(signature.principal),
        detail: Some(Box::new(detail)),
    };
    Ok(put(world, database, &target, body).await)
}

/// Any human on the roster may declare a stop; without a roster in force, and with a ledger that cannot be read, everybody may:
/// to halt is the safe side.
async fn refuse_stranger(
    world: &World,
    database: &dyn Database,
    signature: &SignedBytes,
    document: &str,
) -> Result<(), Failure> {
    let Ok(known) = open_ledger(world, database).await else { return Ok(()) };
    let Some(roster) = crate::ledger::roster_in_force(known.state()) else { return Ok(()) };
    crate::approval::check_declared(&roster, signature, document.as_bytes(), world.clock.now())?;
    Ok(())
}

/// Uploads the stops that this desk holds, as far as the ledger can be written now; gives their entries.
///
/// # Errors
/// When one of them is refused; it is then still held here.
pub async fn upload_stops(world: &World, database: &dyn Database) -> Result<Vec<Entry>, Failure> {
    let target = database.target().await?;
    let mut entries = Vec::new();
    let mut waiting = held_here(world, &target)?;
    while let Some(held) = waiting.first() {
        let body = match held.body.clone() {
            Body::Stopped { condition, reason, by, detail } => {
                let detail = detail.map(|detail| Box::new(StopDetail { held_here_since: Some(held.since), ..*detail }));
                Body::Stopped { condition, reason, by, detail }
            }
            other => other,
        };
        entries.push(database.ledger_append(&body).await.map_err(not_taken)?);
        // One by one: what was uploaded is not uploaded again when the next one fails.
        waiting.remove(0);
        super::stopped_here::keep_here(world, &target, &waiting)?;
    }
    Ok(entries)
}

/// Returns what the conditions of a plan say after a run, for the entry of its stop.
#[must_use]
pub(super) fn look_of_run(
    plan: &Plan,
    baseline: Option<&Baseline>,
    census: Option<&Census>,
    tripped: &(String, String),
    now: Timestamp,
) -> StopLook {
    let mut facts = census.map(|census| conditions(&plan.stops, census, baseline)).unwrap_or_default();
    let (id, reason) = tripped;
    // Seen inside the transaction and gone with it: the sentence is all there is.
    if !facts.iter().any(|fact| fact.id == *id && fact.state == ConditionState::Tripped) {
        facts.retain(|fact| fact.id != *id);
        let stop = plan.stops.iter().find(|stop| stop.id == *id);
        let expected = match stop.map(|stop| &stop.sign) {
            Some(StopSign::ErrorContains(text)) => format!("no error that contains `{text}`"),
            Some(StopSign::Query { expect, query: _ }) => describe(expect, None),
            None => "it does not trip".to_owned(),
        };
        facts.push(ConditionFact {
            id: id.clone(),
            title: stop.map_or_else(String::new, |stop| stop.title.clone()),
            expected,
            actual: Reading::Value(Some(reason.clone())),
            state: ConditionState::Tripped,
        });
    }
    StopLook {
        at: census.map_or(now, |census| census.taken_at),
        target: census.map_or_else(|| plan.target.clone(), |census| census.target.clone()),
        facts,
        open: Vec::new(),
    }
}
