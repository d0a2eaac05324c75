//! Approves, rejects and withdraws. A signature is checked before it is appended: the ledger holds no empty gesture.

use std::path::Path;

use super::known::open_ledger;
use super::ledger::find_request;
use super::stop::refuse_stop;
use super::touch::refuse_stepped_back;
use super::trust::{not_taken, refuse_unreviewed};
use super::{Failure, FailureKind, SignAs, World};
use crate::approval::{
    ApprovalRefusal, Decision, Namespace, SignedBytes, Standing, check_decision, decision_bytes, may_approve,
    may_decide, standing,
};
use crate::digest::Digest;
use crate::ledger::{Body, RequestStatus};
use crate::plan::Verb;
use crate::port::Database;
use crate::runbook::Principal;

/// Where the signature of an approval, a rejection or a withdrawal comes from.
pub enum Approval<'a> {
    /// Sign with a key at this desk.
    Sign(&'a SignAs),
    /// A signature that was made elsewhere, such as with `ssh-keygen -Y sign`.
    Brought(SignedBytes),
}

impl Approval<'_> {
    /// Returns who approves.
    #[must_use]
    pub fn principal(&self) -> &Principal {
        match self {
            Self::Sign(signer) => &signer.principal,
            Self::Brought(signed) => &signed.principal,
        }
    }
}

/// What somebody on another machine signs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToSign {
    /// The exact bytes, without a line feed at the end.
    pub bytes: String,
    /// The purpose: what `ssh-keygen -Y sign` is told with `-n`.
    pub namespace: Namespace,
}

/// Gives the exact bytes that an approval signs, or a decision with its reason.
///
/// # Errors
/// When there is no such request, or a decision has no reason.
pub async fn to_sign(
    world: &World,
    database: &dyn Database,
    name: &str,
    decision: Option<(Decision, &str)>,
) -> Result<ToSign, Failure> {
    let known = open_ledger(world, database).await?;
    let opened = find_request(known.state(), name)?;
    let Some((decision, reason)) = decision else {
        return Ok(ToSign { bytes: opened.state.request, namespace: Namespace::of(opened.request.verb) });
    };
    refuse_no_reason(reason)?;
    let bytes = String::from_utf8(decision_bytes(decision, opened.state.digest, reason));
    let bytes = bytes.expect("BUG: a decision is canonical JSON, which is text");
    Ok(ToSign { bytes, namespace: decision.namespace() })
}

/// Approves a request. `seen` is the digest the reviewer saw, when a window showed it.
///
/// # Errors
/// When the request is void, the person may not approve it, or the signature does not hold.
pub async fn approve(
    world: &World,
    database: &dyn Database,
    name: &str,
    seen: Option<Digest>,
    approval: Approval<'_>,
) -> Result<Standing, Failure> {
    let known = open_ledger(world, database).await?;
    let state = known.state();
    let opened = find_request(state, name)?;
    if opened.request.verb != Verb::EndSession {
        refuse_stop(world, database, state).await?;
    }
    let digest = opened.state.digest;
    if let Some(seen) = seen.filter(|seen| *seen != digest) {
        let refusal = ApprovalRefusal::AnotherDigest { what: "request".to_owned(), expected: seen, actual: digest };
        return Err(refusal.into());
    }
    if let Some(void) = opened.standing(world, state).void {
        return Err(void.into());
    }
    refuse_unreviewed(&opened)?;
    let editor = opened.plan.plan().editor.as_ref();
    let principal = approval.principal();
    // Before anybody is asked for a passphrase.
    may_approve(&opened.roster, principal, &opened.request.requester, editor)?;
    database.ledger_may("approved", principal).await.map_err(not_taken)?;
    if opened.state.withdrawn.contains(principal) {
        let message = format!("{principal} has withdrawn from this request, and that is for good");
        return Err(Failure::new(FailureKind::Refused, message, "Ask another reviewer, or stage it again."));
    }
    if opened.signatures().iter().any(|signed| signed.principal == *principal) {
        return Err(ApprovalRefusal::SignedTwice(principal.clone()).into());
    }
    let signature = match approval {
        Approval::Sign(signer) => {
            world.sign(signer, Namespace::of(opened.request.verb), opened.state.request.as_bytes()).await?
        }
        Approval::Brought(signed) => one_spelling(signed),
    };
    let all: Vec<SignedBytes> = opened.signatures().into_iter().chain([signature.clone()]).collect();
    let needed = opened.plan.plan().policy.approvals;
    let stands = standing(&opened.request, editor, needed, &all, &opened.roster, world.clock.now());
    if let Some((_, refusal)) = stands.refused.iter().find(|(who, _)| *who == signature.principal) {
        return Err(refusal.clone().into());
    }
    refuse_stepped_back(state, &signature)?;
    database.ledger_append(&Body::Approved { request_digest: digest, signature }).await?;
    Ok(stands)
}

/// Rejects a request, for good.
///
/// # Errors
/// When it is not open, the person may not decide, or the signature does not hold.
pub async fn reject(
    world: &World,
    database: &dyn Database,
    name: &str,
    reason: &str,
    signer: &SignAs,
) -> Result<(), Failure> {
    decide(world, database, name, Decision::Reject, reason, Approval::Sign(signer)).await
}

/// Withdraws one's own approval.
///
/// # Errors
/// When there is none to withdraw, or the signature does not hold.
pub async fn withdraw(
    world: &World,
    database: &dyn Database,
    name: &str,
    reason: &str,
    signer: &SignAs,
) -> Result<(), Failure> {
    decide(world, database, name, Decision::Withdraw, reason, Approval::Sign(signer)).await
}

/// Rejects a request or withdraws an approval, with a signature made here or elsewhere.
///
/// # Errors
/// As [`reject`] and [`withdraw`].
pub async fn decide(
    world: &World,
    database: &dyn Database,
    name: &str,
    decision: Decision,
    reason: &str,
    approval: Approval<'_>,
) -> Result<(), Failure> {
    refuse_no_reason(reason)?;
    let known = open_ledger(world, database).await?;
    let state = known.state();
    let opened = find_request(state, name)?;
    let principal = approval.principal();
    // A withdrawal still counts between intent and COMMIT: the run reads the ledger once more before it commits.
    let too_late = match (&opened.state.status, decision) {
        (RequestStatus::Open, _) | (RequestStatus::Begun { .. }, Decision::Withdraw | Decision::Reject) => None,
        (RequestStatus::Rejected | RequestStatus::Ended(_), _) => Some(opened.state.status.words()),
    };
    if let Some(words) = too_late {
        let hint = "There is nothing left to decide; stage it again if it is still wanted.";
        return Err(Failure::new(FailureKind::Refused, format!("the request is {words}"), hint));
    }
    may_decide(&opened.roster, decision, principal, &opened.request.requester)?;
    let kind = match decision {
        Decision::Reject => "rejected",
        Decision::Withdraw => "withdrawn",
    };
    database.ledger_may(kind, principal).await.map_err(not_taken)?;
    let has_approved = opened.signatures().iter().any(|signed| signed.principal == *principal);
    if decision == Decision::Withdraw && !has_approved {
        let message = format!("{principal} has not approved this request");
        return Err(Failure::new(FailureKind::Refused, message, "Only one's own approval can be withdrawn."));
    }
    let signature = match approval {
        Approval::Sign(signer) => {
            let bytes = decision_bytes(decision, opened.state.digest, reason);
            world.sign(signer, decision.namespace(), &bytes).await?
        }
        Approval::Brought(signed) => one_spelling(signed),
    };
    check_decision(&opened.roster, &opened.request, decision, reason, &signature, world.clock.now())?;
    let (request_digest, reason) = (opened.state.digest, reason.to_owned());
    let body = match decision {
        Decision::Reject => Body::Rejected { request_digest, reason, signature },
        Decision::Withdraw => Body::Withdrawn { request_digest, reason, signature },
    };
    database.ledger_append(&body).await?;
    Ok(())
}

/// Reads a signature file that was made elsewhere, such as by `ssh-keygen -Y sign`.
///
/// # Errors
/// When it cannot be read, or is not text.
pub fn read_signature(world: &World, path: &Path, principal: &Principal) -> Result<SignedBytes, Failure> {
    let bytes = world.folders.read_file(path)?;
    let signature = String::from_utf8(bytes).map_err(|_| {
        let message = format!("{} is not a signature: it is not text", path.display());
        Failure::new(FailureKind::Unreadable, message, "Name the .sig file that ssh-keygen made.")
    })?;
    Ok(SignedBytes { principal: principal.clone(), signature })
}

fn refuse_no_reason(reason: &str) -> Result<(), Failure> {
    if reason.trim().is_empty() {
        return Err(Failure::new(FailureKind::Unreadable, "a reason is needed", "Say why in one sentence."));
    }
    Ok(())
}

/// ssh-keygen ends its armour with one line feed; what a mail or an editor made of the end is put right here, so that the
/// ledger holds one spelling.
fn one_spelling(signed: SignedBytes) -> SignedBytes {
    SignedBytes { signature: format!("{}\n", signed.signature.trim_end()), ..signed }
}
