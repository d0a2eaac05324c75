//! Takes the entries in order; gives what they add up to. Pure: the same entries give the same state anywhere.

use crate::approval::SignedBytes;
use crate::digest::Digest;
use crate::run::Outcome;
use crate::runbook::Principal;

/// What the ledger adds up to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// The newest entry's number; 0 when there is none.
    pub head_seq: u64,
    /// The newest entry's hash.
    pub head: Option<Digest>,
    /// Requests in the order they were staged.
    pub requests: Vec<RequestState>,
    /// Baselines kept: digest and canonical text.
    pub baselines: Vec<(Digest, String)>,
    /// Findings kept: the entry's number, canonical text and signatures.
    pub findings: Vec<(u64, String, Vec<SignedBytes>)>,
    /// A stop that holds.
    pub stop: Option<StopState>,
}

/// A request and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestState {
    /// The digest of the request's text: what people sign.
    pub digest: Digest,
    /// The request's canonical text.
    pub request: String,
    /// The plan's canonical text.
    pub plan: String,
    /// The rehearsal's canonical text.
    pub rehearsal: String,
    /// The baseline's canonical text.
    pub baseline: String,
    /// The roster's text.
    pub roster: String,
    /// The requester's signature.
    pub requested: SignedBytes,
    /// Approvals that were not withdrawn, in order; not yet verified.
    pub approvals: Vec<ApprovalRecord>,
    /// Rejections: who and why; not yet verified.
    pub rejections: Vec<(SignedBytes, String)>,
    /// What became of it.
    pub status: RequestStatus,
    /// The operator's signature, once a run began.
    pub operated: Option<SignedBytes>,
    /// Stages known to be committed.
    pub committed_stages: u32,
}

/// An approval as the ledger holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApprovalRecord {
    /// The entry.
    pub seq: u64,
    /// The database login that appended it.
    pub actor: String,
    /// The signature.
    pub signature: SignedBytes,
}

/// What became of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RequestStatus {
    /// It may still be approved and run.
    Open,
    /// Somebody rejected it.
    Rejected,
    /// A run began and has no recorded end: it may be running, or its outcome is unknown.
    Begun {
        /// The run.
        run: String,
    },
    /// A run ended.
    Ended(Outcome),
}

/// A stop that holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StopState {
    /// The entry.
    pub seq: u64,
    /// The condition.
    pub condition: String,
    /// Expected against actual.
    pub reason: String,
    /// Who declared it, when somebody did.
    pub by: Option<Principal>,
    /// When.
    pub at: String,
}
