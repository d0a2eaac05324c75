//! One line of the ledger, as it stands in the target's own PostgreSQL.

use serde::{Deserialize, Serialize};

use super::StopDetail;
use crate::approval::{RosterAct, RosterDeed, SignedBytes};
use crate::digest::Digest;
use crate::run::{Evidence, Outcome, RunToken};
use crate::runbook::Principal;

/// An entry as the database holds it: the server sets everything but `kind` and `body`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its place, from 1 without a gap.
    pub seq: u64,
    /// The server's clock when it was appended, `YYYY-MM-DDTHH:MM:SS.ffffffZ`, as it was hashed.
    pub at: String,
    /// The database login that appended it.
    pub actor: String,
    /// The transaction that appended it.
    pub xid: String,
    /// The body's kind, as text.
    pub kind: String,
    /// The body: JSON text, as it was hashed.
    pub body: String,
    /// The hash of the entry before.
    pub previous: Digest,
    /// The hash of this entry.
    pub hash: Digest,
}

/// What an entry says.
// Signed and hashed documents travel as their exact text: nothing is re-serialised between signing and checking.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Body {
    /// A baseline was kept.
    Baseline {
        /// Its canonical text.
        document: String,
        /// Its digest.
        digest: Digest,
    },
    /// A reversal was staged: sealed and rehearsed.
    Staged {
        /// The request's canonical text: what people sign.
        request: String,
        /// The plan's canonical text.
        plan: String,
        /// The rehearsal's canonical text.
        rehearsal: String,
        /// The baseline's canonical text.
        baseline: String,
        /// The roster's text.
        roster: String,
        /// The requester's signature over the request.
        signature: SignedBytes,
    },
    /// Somebody approved a request.
    Approved {
        /// The request's digest.
        request_digest: Digest,
        /// Who, and the signature over the request's bytes.
        signature: SignedBytes,
    },
    /// Somebody rejected a request; it can no longer run.
    Rejected {
        /// The request's digest.
        request_digest: Digest,
        /// Why.
        reason: String,
        /// Who, and the signature over the rejection text (see `approval::decision_bytes`).
        signature: SignedBytes,
    },
    /// An approval was withdrawn.
    Withdrawn {
        /// The request's digest.
        request_digest: Digest,
        /// Why.
        reason: String,
        /// Who, and the signature over the withdrawal text (see `approval::decision_bytes`).
        signature: SignedBytes,
    },
    /// A run is about to begin; committed on its own before BEGIN.
    Intent {
        /// The request's digest.
        request_digest: Digest,
        /// The run's identifier: 32 random hexadecimal digits.
        run: String,
        /// Who runs it.
        operator: Principal,
        /// The operator's signature over the request.
        signature: SignedBytes,
    },
    /// A stage was committed; appended in the same transaction as the reversal.
    Committed {
        /// The request's digest.
        request_digest: Digest,
        /// The run.
        run: String,
        /// The stage, from 0.
        stage: u32,
        /// The stage count of the plan.
        stages: u32,
        /// What proves it later.
        token: RunToken,
    },
    /// A run ended; appended afterwards on another connection.
    Ended {
        /// The request's digest.
        request_digest: Digest,
        /// The run.
        run: String,
        /// How.
        outcome: Outcome,
        /// What it left behind.
        evidence: Evidence,
    },
    /// A finding was written.
    Finding {
        /// The finding's canonical text.
        document: String,
        /// Its signatures so far.
        signatures: Vec<SignedBytes>,
    },
    /// The disaster stop was latched (D-61).
    Stopped {
        /// The condition that tripped, or `declared by hand`.
        condition: String,
        /// Expected against actual, in one sentence.
        reason: String,
        /// Who declared it; empty when a condition tripped.
        by: Option<Principal>,
        /// Everything that was seen; entries of earlier versions have none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        detail: Option<Box<StopDetail>>,
    },
    /// Somebody signed a paper of a restart; the one that meets the last gate lifts the stop (D-62).
    Restart {
        /// The paper's canonical text, see [`super::RestartPaper`].
        document: String,
        /// Who, and the signature over it.
        signature: SignedBytes,
    },
    /// A version of the roster was proposed (D-72).
    RosterProposed {
        /// The document's canonical text: what people sign.
        document: String,
        /// The roster's text.
        roster: String,
        /// The proposer's signature over the document.
        signature: SignedBytes,
    },
    /// Somebody approved a version of the roster.
    RosterApproved {
        /// The document's digest.
        proposal_digest: Digest,
        /// Who, and the signature over the document's bytes.
        signature: SignedBytes,
    },
    /// A proposal was withdrawn by its proposer.
    RosterWithdrawn {
        /// The document's digest.
        proposal_digest: Digest,
        /// Why.
        reason: String,
        /// Who, and the signature over the withdrawal text (see `approval::decision_bytes`).
        signature: SignedBytes,
    },
}

impl Body {
    /// Returns the kind as it stands in the ledger.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Baseline { .. } => "baseline",
            Self::Staged { .. } => "staged",
            Self::Approved { .. } => "approved",
            Self::Rejected { .. } => "rejected",
            Self::Withdrawn { .. } => "withdrawn",
            Self::Intent { .. } => "intent",
            Self::Committed { .. } => "committed",
            Self::Ended { .. } => "ended",
            Self::Finding { .. } => "finding",
            Self::Stopped { .. } => "stopped",
            Self::Restart { .. } => "restart",
            Self::RosterProposed { .. } => "roster_proposed",
            Self::RosterApproved { .. } => "roster_approved",
            Self::RosterWithdrawn { .. } => "roster_withdrawn",
        }
    }

    /// Returns what it says about the roster, when it does; `at` is the entry's time.
    #[must_use]
    pub fn roster_deed(&self, at: &str) -> Option<RosterDeed> {
        let act = match self.clone() {
            Self::RosterProposed { document, roster, signature } => RosterAct::Proposed { document, roster, signature },
            Self::RosterApproved { proposal_digest, signature } => RosterAct::Approved { proposal_digest, signature },
            Self::RosterWithdrawn { proposal_digest, reason, signature } => {
                RosterAct::Withdrawn { proposal_digest, reason, signature }
            }
            Self::Baseline { .. }
            | Self::Staged { .. }
            | Self::Approved { .. }
            | Self::Rejected { .. }
            | Self::Withdrawn { .. }
            | Self::Intent { .. }
            | Self::Committed { .. }
            | Self::Ended { .. }
            | Self::Finding { .. }
            | Self::Stopped { .. }
            | Self::Restart { .. } => return None,
        };
        Some(RosterDeed { at: at.to_owned(), act })
    }

    /// Returns the JSON text that is appended.
    ///
    /// # Panics
    /// Never: every body is made of texts and numbers.
    #[must_use]
    pub fn to_text(&self) -> String {
        serde_json::to_string(self).expect("BUG: a ledger body is made of texts and numbers only")
    }
}
