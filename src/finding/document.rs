//! The document of what was seen and done.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::subject::Subject;
use crate::approval::{Roster, RosterDeed, SignedBytes, parse_roster};
use crate::census::{Comparison, Target};
use crate::digest::Digest;
use crate::plan::{Plan, Request};
use crate::rehearsal::Rehearsal;
use crate::run::{Outcome, Trace};
use crate::runbook::Principal;

/// The format name of a [`Finding`] about a request.
pub const FINDING_FORMAT: &str = "countersign/finding/1";
/// The format name of a [`Finding`] about anything else.
pub const FINDING_FORMAT_2: &str = "countersign/finding/2";

/// What was seen and done, in one document that is signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// `countersign/finding/1` about a request, `countersign/finding/2` about anything else.
    pub format: String,
    /// What it is about.
    pub kind: FindingKind,
    /// One sentence: the outcome.
    pub headline: String,
    /// The writer's own words, Markdown; may be empty.
    pub words: String,
    /// Who wrote it.
    pub writer: Principal,
    /// When, by the writer's desk.
    pub written_at: Timestamp,
    /// The evidence.
    pub subject: Subject,
    /// The newest ledger entry it knows, as text, and its hash: a ledger cut shorter than this is found out.
    pub ledger_seq: String,
    /// The hash of that entry.
    pub ledger_head: Digest,
}

/// What a finding is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FindingKind {
    /// A request that was staged and rehearsed, but not run.
    Rehearsal,
    /// A run.
    Run,
    /// A run, or what it left behind, that is not as it must be.
    Divergence,
    /// A disaster stop.
    Stop,
    /// A restart after a disaster stop.
    Restart,
    /// Two baselines, side by side.
    Comparison,
}

/// What a finding is sorted by: its kind, and restores apart, whose signed kind says how they ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FindingSort {
    /// A reversal that was rehearsed.
    Rehearsal,
    /// A reversal that was run.
    Run,
    /// A reversal that did not go as it must.
    Divergence,
    /// A restore from a dump, rehearsed or run.
    Restore,
    /// A disaster stop.
    Stop,
    /// A restart.
    Restart,
    /// Two baselines.
    Comparison,
}

impl FindingSort {
    /// Every one there is, in the order of a list.
    pub const ALL: [Self; 7] =
        [Self::Rehearsal, Self::Run, Self::Divergence, Self::Restore, Self::Stop, Self::Restart, Self::Comparison];

    /// Returns its word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Rehearsal => "rehearsal",
            Self::Run => "run",
            Self::Divergence => "divergence",
            Self::Restore => "restore",
            Self::Stop => "stop",
            Self::Restart => "restart",
            Self::Comparison => "comparison",
        }
    }
}

impl Finding {
    /// Returns the evidence about a request, when it is about one.
    #[must_use]
    pub fn about(&self) -> Option<&FindingSubject> {
        match &self.subject {
            Subject::Request(subject) => Some(subject),
            Subject::Stop(_) | Subject::Restart(_) | Subject::Comparison(_) => None,
        }
    }

    /// Returns the database whose ledger it belongs to.
    #[must_use]
    pub fn target(&self) -> &Target {
        match &self.subject {
            Subject::Request(subject) => &subject.plan.target,
            Subject::Stop(subject) => &subject.cited.target,
            Subject::Restart(subject) => &subject.cited.target,
            Subject::Comparison(subject) => &subject.cited.target,
        }
    }

    /// Returns the people whose signatures on it count: the roster it holds.
    #[must_use]
    pub fn roster(&self) -> Option<Roster> {
        let cited = match &self.subject {
            Subject::Request(subject) => return parse_roster(&subject.roster).ok(),
            Subject::Stop(subject) => &subject.cited,
            Subject::Restart(subject) => &subject.cited,
            Subject::Comparison(subject) => &subject.cited,
        };
        cited.roster().ok().map(|version| version.roster().clone())
    }

    /// Returns what it is sorted by.
    #[must_use]
    pub fn sort(&self) -> FindingSort {
        sort(self.kind, self.about().is_some_and(|subject| subject.plan.restore.is_some()))
    }

    /// Says in a few words what kind of finding it is.
    #[must_use]
    pub fn kind_words(&self) -> &'static str {
        kind_words(self.kind, self.sort())
    }
}

pub(super) fn sort(kind: FindingKind, is_restore: bool) -> FindingSort {
    match kind {
        FindingKind::Rehearsal | FindingKind::Run | FindingKind::Divergence if is_restore => FindingSort::Restore,
        FindingKind::Rehearsal => FindingSort::Rehearsal,
        FindingKind::Run => FindingSort::Run,
        FindingKind::Divergence => FindingSort::Divergence,
        FindingKind::Stop => FindingSort::Stop,
        FindingKind::Restart => FindingSort::Restart,
        FindingKind::Comparison => FindingSort::Comparison,
    }
}

pub(super) fn kind_words(kind: FindingKind, sort: FindingSort) -> &'static str {
    match (kind, sort) {
        (FindingKind::Rehearsal, FindingSort::Restore) => "Finding: rehearsal of a restore",
        (FindingKind::Run, FindingSort::Restore) => "Finding: restore",
        (FindingKind::Divergence, FindingSort::Restore) => "Finding: divergence in a restore",
        (FindingKind::Rehearsal, _) => "Finding: rehearsal",
        (FindingKind::Run, _) => "Finding: run",
        (FindingKind::Divergence, _) => "Finding: divergence",
        (FindingKind::Stop, _) => "Finding: disaster stop",
        (FindingKind::Restart, _) => "Finding: restart",
        (FindingKind::Comparison, _) => "Finding: comparison",
    }
}

/// The evidence of a finding about a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FindingSubject {
    /// The plan.
    pub plan: Plan,
    /// Its digest.
    pub plan_digest: Digest,
    /// The request that was signed.
    pub request: Request,
    /// Its digest.
    pub request_digest: Digest,
    /// The rehearsal that was shown to the reviewers.
    pub rehearsal: Rehearsal,
    /// The rehearsal's digest.
    pub rehearsal_digest: Digest,
    /// The roster's text: who may sign.
    pub roster: String,
    /// What brought that roster into force: every version from the first one on, with the signatures that counted.
    pub roster_history: Vec<RosterDeed>,
    /// The moment at which the signatures were used: when its run was begun, by the server's clock, or else when this was
    /// written. A key counts then or it does not.
    pub used_at: Timestamp,
    /// The requester's signature.
    pub requested: SignedBytes,
    /// The approvals that counted.
    pub approvals: Vec<SignedBytes>,
    /// Who ran it, signed; `None` when it has not been run.
    pub operated: Option<SignedBytes>,
    /// How it ended; `None` when it has not been run.
    pub outcome: Option<Outcome>,
    /// Why it did not go as planned, even if it was committed: a failed verification, a stop condition that tripped.
    pub failure: Option<String>,
    /// What was sent and answered in the run.
    pub trace: Option<Trace>,
    /// The comparison inside, one a stage.
    pub inside: Vec<Comparison>,
    /// The comparison afterwards.
    pub after: Option<Comparison>,
}
