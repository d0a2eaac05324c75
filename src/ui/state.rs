//! Takes the session's events; gives everything a view may show. Holds no decision: "loading", "failed" and "stale"
//! are values, so that they are drawn by construction.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;

use crate::census::{Baseline, Comparison};
use crate::diagnose::{Mode, StepDiagnosis};
use crate::digest::Digest;
use crate::finding::Verification;
use crate::ledger::{RequestState, StopState, TrippedCondition};
use crate::plan::Plan;
use crate::port::{AgentKey, ConnectionNote};
use crate::rehearsal::Rehearsal;
use crate::restore::Contents;
use crate::review::Review;
use crate::run::{BuildRehearsal, Finished};
use crate::runbook::{Diagnostic, Runbook, Step, StepId};
use crate::session::{
    Environment, Failure, Latch, LedgerView, LeftFinding, Progress, RequestView, RestartLook, SeenDifference, Survey,
};

/// Something that was asked for, or not yet.
#[derive(Clone, Debug, Default)]
pub enum Known<T> {
    /// Nobody asked.
    #[default]
    NotAsked,
    /// The answer is awaited; what was known before.
    Asking {
        /// What was known before.
        previous: Option<T>,
    },
    /// The answer.
    Known(T),
    /// There is no answer; what was known before is stale.
    Unreadable {
        /// Why not.
        reason: Failure,
        /// What was known before.
        previous: Option<T>,
    },
}

impl<T> Known<T> {
    /// Returns the answer, or what was known before.
    #[must_use]
    pub const fn value(&self) -> Option<&T> {
        match self {
            Self::NotAsked => None,
            Self::Known(value) => Some(value),
            Self::Asking { previous } | Self::Unreadable { previous, .. } => previous.as_ref(),
        }
    }

    /// Notes that the answer is awaited.
    pub fn ask(&mut self) {
        *self = Self::Asking { previous: std::mem::take(self).into_value() };
    }

    /// Notes that there is no answer.
    pub fn fail(&mut self, reason: Failure) {
        *self = Self::Unreadable { reason, previous: std::mem::take(self).into_value() };
    }

    fn into_value(self) -> Option<T> {
        match self {
            Self::NotAsked => None,
            Self::Known(value) => Some(value),
            Self::Asking { previous } | Self::Unreadable { previous, .. } => previous,
        }
    }
}

/// A runbook that was opened.
#[derive(Clone)]
pub struct OpenRunbook {
    /// Where from.
    pub path: PathBuf,
    /// What was read.
    pub runbook: Arc<Runbook>,
    /// What is wrong with it.
    pub diagnostics: Arc<Vec<Diagnostic>>,
    /// What the rules say without a database.
    pub review: Arc<Review>,
}

/// A connection that was made.
#[derive(Clone, Debug)]
pub struct Connection {
    /// How it is described.
    pub note: ConnectionNote,
    /// As the profile says.
    pub environment: Environment,
}

/// A baseline that was opened.
#[derive(Clone)]
pub struct OpenBaseline {
    /// Where from.
    pub path: PathBuf,
    /// What was read.
    pub baseline: Arc<Baseline>,
}

/// A rehearsal and the plan that was rehearsed.
#[derive(Clone)]
pub struct Rehearsed {
    /// The plan.
    pub plan: Arc<Plan>,
    /// How it went.
    pub rehearsal: Arc<Rehearsal>,
}

/// What kind of command is in flight; its answer settles exactly that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Errand {
    /// Opening a runbook.
    Runbook,
    /// Connecting.
    Connect,
    /// Disconnecting.
    Disconnect,
    /// Opening a baseline.
    Baseline,
    /// Keeping a baseline.
    SaveBaseline,
    /// Looking at the live database.
    Survey,
    /// Rehearsing without staging.
    Rehearse,
    /// Rehearsing a forward build.
    RehearseBuild,
    /// Staging.
    Stage,
    /// Approving, rejecting or withdrawing.
    Decide,
    /// Writing what somebody signs on another machine.
    SaveToSign,
    /// Running.
    Run,
    /// Proving what became of a run.
    Prove,
    /// Writing a finding.
    ExportFinding,
    /// Verifying a finding.
    VerifyFinding,
    /// Making the ledger.
    InitLedger,
    /// Reading the ledger.
    ReadLedger,
    /// Listing the agent's keys.
    AgentKeys,
    /// Declaring a stop, or uploading one.
    Stop,
    /// Looking at the live records behind the gates of a restart.
    LookAtRestart,
    /// Reading a dump's table of contents.
    OpenDump,
    /// Comparing a table with a dump.
    CompareWithDump,
    /// Searching the difference between a table and a dump.
    SearchDifference,
}

/// The one operation in flight.
#[derive(Clone, Debug)]
pub struct Flight {
    /// What it is.
    pub errand: Errand,
    /// What it is, in words.
    pub what: String,
    /// When it was asked for.
    pub since: Timestamp,
    /// The statement being sent and how many there are.
    pub statement: Option<(usize, usize)>,
    /// Checks answered, and how many there are.
    pub asked: Option<(usize, usize)>,
    /// Set once the session said that it began.
    pub began: bool,
    /// Set once a person asked to cancel.
    pub cancelling: bool,
}

/// One line of what happened, newest last.
#[derive(Clone, Debug)]
pub struct LogLine {
    /// When, by this desk.
    pub at: Timestamp,
    /// How it ended.
    pub tone: Tone,
    /// One sentence.
    pub text: String,
    /// What to do next; may be empty.
    pub hint: String,
    /// Whether it is shown in full over the page, because no page shows it in its place.
    pub loud: bool,
}

/// How a message is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// It is under way, or of no consequence.
    Plain,
    /// It went well.
    Good,
    /// It did not.
    Bad,
}

/// What the watch over the stop conditions said last.
#[derive(Clone)]
pub struct Watched {
    /// The conditions that have tripped.
    pub tripped: Arc<Vec<TrippedCondition>>,
    /// Where the stop holds.
    pub latch: Latch,
    /// How many stops this desk alone holds.
    pub held_here: usize,
}

/// What is known about a run that this window has asked for.
#[derive(Clone, Default)]
pub struct RunShown {
    /// The request's short name; empty when nothing was run here.
    pub request: String,
    /// What happened, in order.
    pub progress: Vec<Progress>,
    /// How it ended.
    pub finished: Option<Arc<Finished>>,
    /// The finding it left by itself.
    pub finding: Option<LeftFinding>,
}

/// How many lines of the log are kept: more than anybody scrolls back, little to hold.
pub const LOG_LIMIT: usize = 200;

/// Everything a view may show.
#[derive(Default)]
pub struct Shown {
    /// The runbook.
    pub runbook: Known<OpenRunbook>,
    /// The connection.
    pub connection: Known<Connection>,
    /// The baseline.
    pub baseline: Known<OpenBaseline>,
    /// Baselines that were kept in this window, as sides of a comparison.
    pub kept: Vec<Arc<Baseline>>,
    /// The live database.
    pub survey: Known<Arc<Survey>>,
    /// The newest rehearsal that was not staged, or of the newest staged request.
    pub rehearsal: Known<Rehearsed>,
    /// The newest forward build that was rehearsed.
    pub built: Known<Arc<BuildRehearsal>>,
    /// What happens in a rehearsal right now.
    pub rehearsing: Vec<Progress>,
    /// The ledger.
    pub ledger: Known<Arc<LedgerView>>,
    /// Set when the database has no ledger.
    pub no_ledger: bool,
    /// The agent's keys.
    pub agent_keys: Known<Vec<AgentKey>>,
    /// Findings exported by this window: folder and digest.
    pub exported: Vec<(PathBuf, Digest)>,
    /// The finding that was verified last.
    pub verification: Known<Arc<Verification>>,
    /// What the watch over the stop conditions said last.
    pub watched: Option<Watched>,
    /// What the live records behind the gates of a restart say.
    pub restart: Known<Arc<RestartLook>>,
    /// The dump that was opened: where from, and what it says of itself.
    pub dump: Known<(PathBuf, Arc<Contents>)>,
    /// A table against the dump.
    pub difference: Known<Arc<SeenDifference>>,
    /// The text that was searched for in it, and the places of the rows that hold it.
    pub found_rows: Option<(String, Arc<Vec<u32>>)>,
    /// The run.
    pub run: RunShown,
    /// The operation in flight.
    pub flight: Option<Flight>,
    /// What happened.
    pub log: Vec<LogLine>,
    /// Whether the newest line of the log was taken away.
    pub dismissed: bool,
    /// Set when the session has gone.
    pub lost: bool,
    /// What a reviewer has opened: request and `script:<step>` or `check:<id>`.
    pub seen: BTreeSet<(Digest, String)>,
    /// The selected step's place in build order, from 0.
    pub step: usize,
    /// The selected request.
    pub request: Option<Digest>,
}

impl Shown {
    /// Returns the runbook.
    #[must_use]
    pub fn book(&self) -> Option<&Arc<Runbook>> {
        self.runbook.value().map(|open| &open.runbook)
    }

    /// Returns the review: against the live catalog when there is one.
    #[must_use]
    pub fn review(&self) -> Option<&Review> {
        self.survey
            .value()
            .map(|survey| &survey.review)
            .or_else(|| self.runbook.value().map(|open| open.review.as_ref()))
    }

    /// Returns the selected step.
    #[must_use]
    pub fn selected(&self) -> Option<&Step> {
        self.book().and_then(|book| book.steps.get(self.step))
    }

    /// Returns the diagnosis of a step.
    #[must_use]
    pub fn diagnosis(&self, step: &StepId) -> Option<&StepDiagnosis> {
        self.survey.value()?.diagnosis.steps.iter().find(|diagnosis| diagnosis.step == *step)
    }

    /// Returns the ledger's stop, when one holds.
    #[must_use]
    pub fn latched(&self) -> Option<&StopState> {
        self.ledger.value()?.state.stop()
    }

    /// Returns why everything stops: the ledger's latch first, then the diagnosis (D-61, D-11).
    #[must_use]
    pub fn stop(&self) -> Option<(String, String)> {
        if let Some(stop) = self.latched() {
            return Some((stop.condition.clone(), stop.reason.clone()));
        }
        if let Some(watched) = self.watched.as_ref().filter(|watched| !watched.tripped.is_empty()) {
            let ids: Vec<&str> = watched.tripped.iter().map(|tripped| tripped.id.as_str()).collect();
            let words: Vec<String> = watched.tripped.iter().map(TrippedCondition::words).collect();
            return Some((ids.join(", "), words.join("; ")));
        }
        if self.watched.as_ref().is_some_and(|watched| watched.held_here > 0) {
            let words = "this desk alone holds a stop, because the ledger could not be written";
            return Some(("held here".to_owned(), words.to_owned()));
        }
        let diagnosis = &self.survey.value()?.diagnosis;
        (diagnosis.mode == Mode::Stop).then(|| {
            ("diagnosis".to_owned(), diagnosis.stop.first().or(diagnosis.evidence.first()).cloned().unwrap_or_default())
        })
    }

    /// Says where a stop holds that the ledger does not show yet: at this desk alone, or nowhere.
    #[must_use]
    pub fn where_held(&self) -> Option<String> {
        if self.latched().is_some() {
            return None;
        }
        match &self.watched.as_ref()?.latch {
            Latch::Here { .. } | Latch::Unlatched(_) => self.watched.as_ref()?.latch.words(),
            Latch::Clear | Latch::Standing(_) | Latch::Ledger(_) => None,
        }
    }

    /// Returns why a request cannot go on for a stop. A restore is what mends a diagnosis of counts that cannot be reconciled
    /// (97.8), so that only the latch and a tripped condition stop one; the run looks at both afresh.
    #[must_use]
    pub fn stop_of(&self, request: &RequestView) -> Option<(String, String)> {
        // A session that is stuck may be what the stop is about.
        if request.plan.end_session.is_some() {
            return None;
        }
        let stop = self.stop()?;
        let tripped = self.survey.value().is_some_and(|survey| {
            let facts = &survey.diagnosis.facts;
            !facts.unreadable.is_empty()
                || facts.conditions.iter().any(|condition| condition.state != crate::diagnose::ConditionState::Clear)
        });
        let is_restore = request.plan.restore.is_some();
        (!is_restore || tripped || self.latched().is_some()).then_some(stop)
    }

    /// Returns every request, newest last.
    #[must_use]
    pub fn requests(&self) -> &[RequestView] {
        self.ledger.value().map_or(&[], |ledger| &ledger.requests)
    }

    /// Returns what became of a request.
    #[must_use]
    pub fn fate(&self, digest: Digest) -> Option<&RequestState> {
        self.ledger.value()?.state.requests.iter().find(|request| request.digest == digest)
    }

    /// Returns the selected request, or the newest one.
    #[must_use]
    pub fn chosen(&self) -> Option<&RequestView> {
        let requests = self.requests();
        self.request
            .and_then(|digest| requests.iter().find(|request| request.digest == digest))
            .or_else(|| requests.last())
    }

    /// Returns the newest request that holds a step.
    #[must_use]
    pub fn request_of(&self, step: &StepId) -> Option<&RequestView> {
        self.requests().iter().rev().find(|request| request.request.steps.contains(step))
    }

    /// Returns the newest message, unless it was taken away.
    #[must_use]
    pub fn message(&self) -> Option<&LogLine> {
        if self.dismissed { None } else { self.log.last() }
    }

    /// Returns whether another command may be sent now.
    #[must_use]
    pub fn is_free(&self) -> bool {
        self.flight.is_none() && !self.lost
    }

    /// Notes something that happened.
    pub fn note(&mut self, at: Timestamp, tone: Tone, text: impl Into<String>, hint: impl Into<String>) {
        if self.log.len() == LOG_LIMIT {
            self.log.remove(0);
        }
        self.log.push(LogLine { at, tone, text: text.into(), hint: hint.into(), loud: false });
        self.dismissed = false;
    }

    /// Notes something that went wrong and that no page shows in its place.
    pub fn shout(&mut self, at: Timestamp, text: impl Into<String>, hint: impl Into<String>) {
        self.note(at, Tone::Bad, text, hint);
        if let Some(line) = self.log.last_mut() {
            line.loud = true;
        }
    }

    /// Notes that a reviewer opened something; the first time is what counts.
    pub fn saw(&mut self, request: Digest, what: String) {
        self.seen.insert((request, what));
    }
}

/// What a reviewer must have opened before Approve is enabled: every script and every check that does not pass.
#[must_use]
pub fn to_be_seen(request: &RequestView) -> Vec<String> {
    let scripts = request.plan.stages.iter().map(|stage| format!("script:{}", stage.step));
    let drifted = request.rehearsal.inside.iter().flat_map(Comparison::failures).map(|row| format!("check:{}", row.id));
    let mut all: Vec<String> = scripts.chain(drifted).collect();
    let mut known = BTreeSet::new();
    all.retain(|what| known.insert(what.clone()));
    all
}
