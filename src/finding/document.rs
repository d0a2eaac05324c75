//! The document of what was seen and done.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::approval::{RosterDeed, SignedBytes};
use crate::census::Comparison;
use crate::digest::Digest;
use crate::plan::{Plan, Request};
use crate::rehearsal::Rehearsal;
use crate::run::{Outcome, Trace};
use crate::runbook::Principal;

/// The format name of a [`Finding`].
pub const FINDING_FORMAT: &str = "countersign/finding/1";

/// What was seen and done, in one document that is signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// `countersign/finding/1`.
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
    pub subject: FindingSubject,
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
    /// Something that is not as it must be.
    Divergence,
}

/// The evidence of a finding.
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
