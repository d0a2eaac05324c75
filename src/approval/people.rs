//! Takes a roster and a name; gives whether he, she or it may do a thing; refuses agents wherever a person is needed.

use jiff::{SignedDuration, Timestamp};

use super::countersign::{refusal, request_bytes};
use super::signature::check_signature;
use super::{ApprovalRefusal, Decision, Kind, Namespace, Person, Role, Roster, SignedBytes, decision_bytes};
use crate::digest::Digest;
use crate::plan::{Plan, Request};
use crate::runbook::Principal;

/// Says whether somebody may approve this request: a human reviewer who neither requested it nor last edited the
/// runbook (D-70, D-71).
///
/// # Errors
/// The first reason why not.
pub fn may_approve(
    roster: &Roster,
    principal: &Principal,
    requester: &Principal,
    editor: Option<&Principal>,
) -> Result<(), ApprovalRefusal> {
    human_with(roster, principal, Role::Reviewer)?;
    if principal == requester {
        return Err(ApprovalRefusal::IsRequester(principal.clone()));
    }
    if Some(principal) == editor {
        return Err(ApprovalRefusal::IsEditor(principal.clone()));
    }
    Ok(())
}

/// Says whether somebody may stage a reversal: an author, agents too, or a human reviewer.
///
/// # Errors
/// The first reason why not.
pub fn may_request(roster: &Roster, principal: &Principal) -> Result<(), ApprovalRefusal> {
    let person = person(roster, principal)?;
    if person.has(Role::Author) { Ok(()) } else { human_with(roster, principal, Role::Reviewer) }
}

/// Says whether somebody may run what was approved: a human operator (D-71).
///
/// # Errors
/// The first reason why not.
pub fn may_operate(roster: &Roster, principal: &Principal) -> Result<(), ApprovalRefusal> {
    human_with(roster, principal, Role::Operator)
}

/// Says whether somebody may reject a request or withdraw an approval: a human reviewer, or for a rejection the human
/// who requested it.
///
/// # Errors
/// The first reason why not.
pub fn may_decide(
    roster: &Roster,
    decision: Decision,
    principal: &Principal,
    requester: &Principal,
) -> Result<(), ApprovalRefusal> {
    let is_own = principal == requester && person(roster, principal)?.kind == Kind::Human;
    match decision {
        Decision::Reject if is_own => Ok(()),
        Decision::Reject | Decision::Withdraw => human_with(roster, principal, Role::Reviewer),
    }
}

/// Checks the requester's own signature on the request; gives the key's fingerprint.
///
/// # Errors
/// The first reason why it does not hold.
pub fn check_requested(
    roster: &Roster,
    request: &Request,
    signed: &SignedBytes,
    at: Timestamp,
) -> Result<String, ApprovalRefusal> {
    may_request(roster, &signed.principal)?;
    if signed.principal != request.requester {
        let reason = format!("the request names {} as its requester", request.requester);
        return Err(ApprovalRefusal::BadSignature { principal: signed.principal.clone(), reason });
    }
    holds(roster, signed, Namespace::Stage, &request_bytes(request), at)
}

/// Checks the operator's signature on the request as the run begins; gives the key's fingerprint.
///
/// # Errors
/// The first reason why it does not hold.
pub fn check_operated(
    roster: &Roster,
    request: &Request,
    signed: &SignedBytes,
    at: Timestamp,
) -> Result<String, ApprovalRefusal> {
    may_operate(roster, &signed.principal)?;
    holds(roster, signed, Namespace::Operate, &request_bytes(request), at)
}

/// Checks the signature on a rejection or withdrawal; gives the key's fingerprint.
///
/// # Errors
/// The first reason why it does not hold.
pub fn check_decision(
    roster: &Roster,
    request: &Request,
    decision: Decision,
    reason: &str,
    signed: &SignedBytes,
    at: Timestamp,
) -> Result<String, ApprovalRefusal> {
    may_decide(roster, decision, &signed.principal, &request.requester)?;
    let request_digest = Digest::of(&request_bytes(request));
    holds(roster, signed, decision.namespace(), &decision_bytes(decision, request_digest, reason), at)
}

/// Checks the signature on a declared stop: any person of the roster may halt, and no agent; gives the key's fingerprint.
///
/// # Errors
/// The first reason why it does not hold.
pub fn check_declared(
    roster: &Roster,
    signed: &SignedBytes,
    bytes: &[u8],
    at: Timestamp,
) -> Result<String, ApprovalRefusal> {
    match person(roster, &signed.principal)?.kind {
        Kind::Agent => Err(ApprovalRefusal::IsAgent(signed.principal.clone())),
        Kind::Human => holds(roster, signed, Namespace::Stop, bytes, at),
    }
}

/// Says whether somebody may sign a paper of a restart for this purpose: a person, and for `countersign-restart` a sovereign.
///
/// # Errors
/// The first reason why not.
pub fn may_restart(roster: &Roster, principal: &Principal, namespace: Namespace) -> Result<(), ApprovalRefusal> {
    match namespace {
        Namespace::Restart => human_with(roster, principal, Role::Sovereign),
        _ => human(roster, principal).map(drop),
    }
}

/// Checks the signature on a paper of a restart (D-62): a person's, and for `countersign-restart` a sovereign's; gives the
/// key's fingerprint.
///
/// # Errors
/// The first reason why it does not hold.
pub fn check_restart(
    roster: &Roster,
    signed: &SignedBytes,
    namespace: Namespace,
    bytes: &[u8],
    at: Timestamp,
) -> Result<String, ApprovalRefusal> {
    may_restart(roster, &signed.principal, namespace)?;
    holds(roster, signed, namespace, bytes, at)
}

/// The last moment of a request: its own, but never later than the policy's span after it opened (D-74).
pub(super) fn too_late(plan: &Plan, request: &Request) -> Timestamp {
    let span = SignedDuration::from_secs(i64::from(plan.policy.approval_valid_seconds));
    let policy = request.not_before.checked_add(span).unwrap_or(Timestamp::MAX);
    request.not_after.min(policy)
}

pub(super) fn holds(
    roster: &Roster,
    signed: &SignedBytes,
    namespace: Namespace,
    bytes: &[u8],
    at: Timestamp,
) -> Result<String, ApprovalRefusal> {
    let held = check_signature(roster, signed, namespace, bytes, at);
    held.map(|facts| facts.fingerprint).map_err(|problem| refusal(&signed.principal, &problem))
}

pub(super) fn human<'a>(roster: &'a Roster, principal: &Principal) -> Result<&'a Person, ApprovalRefusal> {
    let person = person(roster, principal)?;
    match person.kind {
        Kind::Agent => Err(ApprovalRefusal::IsAgent(principal.clone())),
        Kind::Human => Ok(person),
    }
}

fn person<'a>(roster: &'a Roster, principal: &Principal) -> Result<&'a Person, ApprovalRefusal> {
    roster.person(principal).ok_or_else(|| ApprovalRefusal::NotOnRoster(principal.clone()))
}

/// D-71: agents may prepare; they never approve, run or restart.
pub(super) fn human_with(roster: &Roster, principal: &Principal, role: Role) -> Result<(), ApprovalRefusal> {
    if human(roster, principal)?.has(role) {
        return Ok(());
    }
    Err(ApprovalRefusal::WithoutRole { principal: principal.clone(), role: role.as_str().to_owned() })
}
