//! What the session says.

use std::path::PathBuf;
use std::sync::Arc;

use super::LeftFinding;
use crate::approval::{Governed, Namespace, Standing};
use crate::census::{Baseline, Census, Comparison};
use crate::diagnose::Diagnosis;
use crate::digest::Digest;
use crate::finding::{Shelf, Verification};
use crate::ledger::{Entry, RequestStatus, State, TrippedCondition};
use crate::plan::{Plan, Request};
use crate::port::{AgentKey, ConnectionNote};
use crate::rehearsal::Rehearsal;
use crate::restore::Contents;
use crate::review::{Catalog, Review};
use crate::run::{BuildRehearsal, Evidence, Finished, StatementTrace};
use crate::runbook::{Diagnostic, Runbook, StepId};
use crate::session::SeenDifference;

/// Something that happened. Everything large is shared, so that a face can keep it without copying.
#[derive(Clone)]
pub enum Event {
    /// A command was accepted and has begun; what it is, in words.
    Began(String),
    /// A runbook was read, with what is wrong with it and the review without a catalog.
    RunbookOpened {
        /// Where from.
        path: PathBuf,
        /// What was read.
        runbook: Arc<Runbook>,
        /// What is wrong with it.
        diagnostics: Arc<Vec<Diagnostic>>,
        /// What the rules say without a database.
        review: Arc<Review>,
    },
    /// A connection was made.
    Connected {
        /// How it is described.
        note: ConnectionNote,
        /// As the profile says.
        environment: super::Environment,
    },
    /// The connection was closed.
    Disconnected,
    /// A baseline was read.
    BaselineOpened {
        /// Where from.
        path: PathBuf,
        /// What was read.
        baseline: Arc<Baseline>,
    },
    /// A baseline was kept.
    BaselineSaved {
        /// Where.
        path: PathBuf,
        /// What was kept.
        baseline: Arc<Baseline>,
    },
    /// The live database was looked at.
    Surveyed(Arc<Survey>),
    /// A rehearsal ended.
    Rehearsed {
        /// The plan that was rehearsed.
        plan: Arc<Plan>,
        /// How it went.
        rehearsal: Arc<Rehearsal>,
    },
    /// A forward build was run and rolled back.
    BuildRehearsed(Arc<BuildRehearsal>),
    /// A request is in the ledger.
    Staged {
        /// Its short name.
        request: String,
        /// What people sign.
        digest: Digest,
    },
    /// A dump's table of contents was read.
    DumpOpened {
        /// Where from.
        path: PathBuf,
        /// What it says of itself.
        contents: Arc<Contents>,
    },
    /// A table was compared with a dump.
    DifferenceSeen(Arc<SeenDifference>),
    /// The last difference was searched: the text, and the places of rows that hold it; `None` when nothing was searched for.
    DifferenceSearched(Option<(String, Arc<Vec<u32>>)>),
    /// An approval, rejection or withdrawal is in the ledger; the sentence says which.
    Decided(String),
    /// What somebody signs on another machine is in this file.
    SavedToSign {
        /// The file.
        path: PathBuf,
        /// What for: `ssh-keygen -Y sign -n …`.
        namespace: Namespace,
    },
    /// What is happening right now in a run or rehearsal.
    Progress(Progress),
    /// A run ended.
    Ran {
        /// The request's short name.
        request: String,
        /// Everything it left behind.
        finished: Arc<Finished>,
        /// The finding it left to be signed.
        finding: Option<LeftFinding>,
    },
    /// A finding was signed, kept and exported.
    FindingExported {
        /// The new folder.
        folder: PathBuf,
        /// The finding's digest.
        digest: Digest,
    },
    /// A finding was verified, or not; the verification says.
    FindingVerified(Arc<Verification>),
    /// The ledger was made.
    LedgerMade,
    /// The ledger as it stands.
    LedgerRead(Arc<LedgerView>),
    /// The keys the agent holds.
    AgentKeys(Vec<AgentKey>),
    /// Something changed in what the stop conditions say, or in where a stop holds.
    Watched {
        /// The conditions that have tripped.
        tripped: Arc<Vec<TrippedCondition>>,
        /// Where the stop holds.
        latch: super::Latch,
        /// How many stops this desk alone holds.
        held_here: usize,
    },
    /// The live records behind the gates of a restart.
    RestartSeen(Arc<super::RestartLook>),
    /// The command in flight ended well; nothing more to say.
    Finished,
    /// The command in flight did not do what was asked.
    Failed(Failure),
}

/// Everything read from a live database in one look.
#[derive(Clone)]
pub struct Survey {
    /// The catalog the review looked at.
    pub catalog: Catalog,
    /// The review against it.
    pub review: Review,
    /// The census.
    pub census: Census,
    /// The census compared with the baseline and the expectations of the fully reversed state.
    pub comparison: Comparison,
    /// The decision tree.
    pub diagnosis: Diagnosis,
}

/// The ledger, replayed.
#[derive(Clone)]
pub struct LedgerView {
    /// Every entry.
    pub entries: Arc<Vec<Entry>>,
    /// What they add up to.
    pub state: Arc<State>,
    /// The first bad entry and why, when the chain does not hold.
    pub broken: Option<String>,
    /// Each request with its documents and where its approvals stand.
    pub requests: Vec<RequestView>,
    /// The roster: every version and proposal, their signatures checked.
    pub roster: Arc<Governed>,
    /// Its findings, numbered.
    pub shelf: Arc<Shelf>,
}

/// A request as the desk shows it.
#[derive(Clone)]
pub struct RequestView {
    /// What people sign.
    pub request: Request,
    /// Its digest.
    pub digest: Digest,
    /// The plan.
    pub plan: Arc<Plan>,
    /// Its rehearsal.
    pub rehearsal: Arc<Rehearsal>,
    /// Where the approvals stand, by the signatures checked afresh.
    pub standing: Standing,
    /// What became of it.
    pub status: RequestStatus,
    /// Stages known to be committed.
    pub committed_stages: u32,
    /// What its run left behind, when that was recorded.
    pub evidence: Option<Arc<Evidence>>,
}

/// What is happening in a run or rehearsal.
#[derive(Clone, Debug)]
pub enum Progress {
    /// A preflight line turned true, in words.
    Passed(String),
    /// A statement is being sent.
    Sending {
        /// The step.
        step: StepId,
        /// The statement, from 1, over all stages.
        number: usize,
        /// How many there are over all stages.
        of: usize,
    },
    /// A statement was answered.
    Answered(StatementTrace),
    /// The inside comparison was made.
    VerifiedInside(Comparison),
    /// So many checks of a census have been answered.
    Asked {
        /// How many.
        done: usize,
        /// How many there are.
        of: usize,
    },
    /// COMMIT was sent; its answer is awaited.
    Committing,
}

/// Why a command failed, decided into words for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What kind, for the exit code.
    pub kind: FailureKind,
    /// What happened, with expected and actual.
    pub message: String,
    /// What to do next.
    pub hint: String,
}

/// The kinds of failure, one an exit code of `interface.md`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureKind {
    /// Blocked or drifted: 1.
    Blocked,
    /// Usage, or unreadable input: 2.
    Unreadable,
    /// Refused by approval, roster or policy: 3.
    Refused,
    /// Rolled back: 4.
    RolledBack,
    /// Outcome unknown: 5.
    Unknown,
    /// Stopped: 6.
    Stopped,
    /// Cannot connect: 7.
    CannotConnect,
}
