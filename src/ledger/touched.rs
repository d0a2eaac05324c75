//! Takes a ledger's entries; gives the signatures of hardware keys in them, in order, with the counter each key had.
//!
//! Nothing is verified here: whoever may append may write anything, so whoever acts on a counter verifies its signature.

use super::Body;
use crate::approval::{Decision, Namespace, SignedBytes, Touch, touch_of};
use crate::digest::Digest;

/// A signature of a hardware key, as the ledger holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Touched {
    /// The entry.
    pub seq: u64,
    /// Who is said to have signed, and the signature.
    pub signed: SignedBytes,
    /// What the key says of itself in it.
    pub touch: Touch,
    /// What was signed.
    pub over: SignedOver,
}

/// What a signature in the ledger is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignedOver {
    /// A request's text, for this purpose.
    Request(Digest, Namespace),
    /// A request's text, to approve it: the request says in which namespace.
    Approval(Digest),
    /// A decision against a request or a proposal, with its reason.
    Decision(Digest, Decision, String),
    /// The finding of this entry.
    Finding,
    /// A version of the roster, by its document's digest.
    Roster(Digest),
    /// The paper of a restart that this entry holds.
    Restart,
}

/// Adds the hardware keys' signatures of one entry.
pub(super) fn note(touched: &mut Vec<Touched>, seq: u64, body: &Body) {
    let mut keep = |signed: &SignedBytes, over: SignedOver| {
        if let Some(touch) = touch_of(&signed.signature) {
            touched.push(Touched { seq, signed: signed.clone(), touch, over });
        }
    };
    match body {
        Body::Staged { request, signature, .. } => {
            keep(signature, SignedOver::Request(Digest::of(request.as_bytes()), Namespace::Stage));
        }
        Body::Approved { request_digest, signature } => {
            keep(signature, SignedOver::Approval(*request_digest));
        }
        Body::Rejected { request_digest, reason, signature } => {
            keep(signature, SignedOver::Decision(*request_digest, Decision::Reject, reason.clone()));
        }
        Body::Withdrawn { request_digest, reason, signature } => {
            keep(signature, SignedOver::Decision(*request_digest, Decision::Withdraw, reason.clone()));
        }
        Body::Intent { request_digest, signature, .. } => {
            keep(signature, SignedOver::Request(*request_digest, Namespace::Operate));
        }
        Body::Finding { signatures, .. } => {
            for signed in signatures {
                keep(signed, SignedOver::Finding);
            }
        }
        Body::RosterProposed { document, signature, .. } => {
            keep(signature, SignedOver::Roster(Digest::of(document.as_bytes())));
        }
        Body::RosterApproved { proposal_digest, signature } => keep(signature, SignedOver::Roster(*proposal_digest)),
        Body::RosterWithdrawn { proposal_digest, reason, signature } => {
            keep(signature, SignedOver::Decision(*proposal_digest, Decision::Withdraw, reason.clone()));
        }
        Body::Restart { document: _, signature } => keep(signature, SignedOver::Restart),
        Body::Baseline { .. } | Body::Committed { .. } | Body::Ended { .. } | Body::Stopped { .. } => {}
    }
}
