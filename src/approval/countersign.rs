//! The only door to COMMIT.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Roster, SignedBytes};
use crate::digest::Digest;
use crate::plan::{Request, SealedPlan};
use crate::rehearsal::Rehearsal;
use crate::runbook::Principal;

/// A plan that two people have signed. There is one constructor: [`countersign`].
#[derive(Debug)]
pub struct Countersigned {
    plan: SealedPlan,
    request: Request,
    request_digest: Digest,
    approvals: Vec<SignedBytes>,
}

/// Where the approvals of a request stand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// Distinct people whose approval holds, with key fingerprints, in order of signing.
    pub approved: Vec<(Principal, String)>,
    /// How many are needed.
    pub needed: u32,
    /// Who may still approve.
    pub may_still: Vec<Principal>,
    /// Signatures that do not count, and why.
    pub refused: Vec<(Principal, ApprovalRefusal)>,
    /// Why nobody can run it now, whoever has signed; `None` when only approvals may be missing.
    pub void: Option<ApprovalRefusal>,
}

/// Why an approval, or a run, is refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum ApprovalRefusal {
    /// Nobody of that name is on the roster.
    #[error("{0} is not on the roster")]
    NotOnRoster(Principal),
    /// An agent prepares; it never approves, runs or restarts (D-71).
    #[error("{0} is an agent; only a person may do this")]
    IsAgent(Principal),
    /// The person has no such role.
    #[error("{principal} does not have the role {role}")]
    WithoutRole {
        /// Who.
        principal: Principal,
        /// What is needed.
        role: String,
    },
    /// The requester may not approve (D-70).
    #[error("{0} requested this and may not approve it")]
    IsRequester(Principal),
    /// The last editor may not approve (D-70).
    #[error("{0} last edited the runbook and may not approve it")]
    IsEditor(Principal),
    /// One person counts once.
    #[error("{0} has signed already; one person counts once")]
    SignedTwice(Principal),
    /// The signature does not hold.
    #[error("the signature of {principal} does not hold: {reason}")]
    BadSignature {
        /// Who is said to have signed.
        principal: Principal,
        /// Why not.
        reason: String,
    },
    /// Too few people.
    #[error("{have} of {needed} people have approved")]
    TooFew {
        /// Distinct people whose approval holds.
        have: u32,
        /// How many are needed.
        needed: u32,
    },
    /// The request is not open yet.
    #[error("the request is not open before {0}")]
    TooEarly(Timestamp),
    /// The request has expired.
    #[error("the request expired at {0}")]
    Expired(Timestamp),
    /// The rehearsal is too old.
    #[error("the rehearsal was made at {taken_at} and is older than {max_age_seconds} s")]
    StaleRehearsal {
        /// When it was made.
        taken_at: Timestamp,
        /// How old it may be.
        max_age_seconds: u32,
    },
    /// The rehearsal did not pass.
    #[error("the rehearsal did not pass: {0}")]
    FailedRehearsal(String),
    /// Something the request names is another thing than what is here.
    #[error("the request names {what} {expected}, but this is {actual}")]
    AnotherDigest {
        /// `plan`, `rehearsal`, `baseline` or `roster`.
        what: String,
        /// As signed.
        expected: Digest,
        /// As it is.
        actual: Digest,
    },
    /// Somebody rejected it.
    #[error("{principal} rejected it: {reason}")]
    Rejected {
        /// Who.
        principal: Principal,
        /// Why.
        reason: String,
    },
    /// It has been used; an approval is used once (D-74).
    #[error("the request has been used; stage it again")]
    Used,
    /// A stop holds (D-61).
    #[error("a disaster stop holds: {0}")]
    Stopped(String),
}

impl Countersigned {
    /// Returns the plan.
    #[must_use]
    pub fn plan(&self) -> &SealedPlan {
        &self.plan
    }

    /// Returns what was signed.
    #[must_use]
    pub fn request(&self) -> &Request {
        &self.request
    }

    /// Returns the digest of what was signed.
    #[must_use]
    pub fn request_digest(&self) -> Digest {
        self.request_digest
    }

    /// Returns the approvals that counted.
    #[must_use]
    pub fn approvals(&self) -> &[SignedBytes] {
        &self.approvals
    }
}

/// Checks every signature afresh and every other condition; gives the one value that opens the run door.
///
/// # Errors
/// The first refusal that holds.
pub fn countersign(
    plan: SealedPlan,
    rehearsal: &Rehearsal,
    request: Request,
    signatures: &[SignedBytes],
    roster: &Roster,
    now: Timestamp,
) -> Result<Countersigned, ApprovalRefusal> {
    let _ = (plan, rehearsal, request, signatures, roster, now);
    todo!()
}

/// Says where the approvals of a request stand, refusals included.
#[must_use]
pub fn standing(request: &Request, editor: Option<&Principal>, needed: u32, signatures: &[SignedBytes], roster: &Roster, now: Timestamp) -> Standing {
    let _ = (request, editor, needed, signatures, roster, now);
    todo!()
}
