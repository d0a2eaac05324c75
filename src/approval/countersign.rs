//! The only door to COMMIT: takes a plan, its rehearsal, a request and signatures; gives a [`Countersigned`]; refuses
//! everything short of two people who signed exactly this.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::people::{may_approve, too_late};
use super::signature::{KeyFacts, check_signature};
use super::{Namespace, Roster, RosterVersion, SignatureProblem, SignedBytes, parse_roster};
use crate::census::Comparison;
use crate::digest::Digest;
use crate::plan::{Hazard, PLAN_FORMAT, Plan, REQUEST_FORMAT, Request, SealedPlan, canonical};
use crate::rehearsal::{REHEARSAL_FORMAT, Rehearsal};
use crate::runbook::{Principal, StepId};

/// Two people, whatever a policy says (D-70).
pub const LEAST_APPROVALS: u32 = 2;

/// How far a server's clock may be ahead of this desk's before a rehearsal's age means nothing.
const MOST_CLOCK_SKEW: SignedDuration = SignedDuration::from_mins(5);

/// A plan that two people have signed. There is one constructor: [`countersign`].
///
/// It cannot be made by hand:
///
/// ```compile_fail,E0451
/// use countersign::approval::{Countersigned, RosterVersion, SignedBytes, countersign};
/// use countersign::plan::{Request, SealedPlan};
/// use countersign::{digest::Digest, rehearsal::Rehearsal};
///
/// fn open(plan: SealedPlan, rehearsal: Rehearsal, request: Request, approvals: Vec<SignedBytes>, roster: RosterVersion) {
///     let (request_digest, now) = (Digest::of(b"request"), jiff::Timestamp::UNIX_EPOCH);
///     let opened: Option<Countersigned> = Some(Countersigned { plan, request, request_digest, approvals });
/// }
/// ```
///
/// The same with the constructor compiles:
///
/// ```no_run
/// use countersign::approval::{Countersigned, RosterVersion, SignedBytes, countersign};
/// use countersign::plan::{Request, SealedPlan};
/// use countersign::{digest::Digest, rehearsal::Rehearsal};
///
/// fn open(plan: SealedPlan, rehearsal: Rehearsal, request: Request, approvals: Vec<SignedBytes>, roster: RosterVersion) {
///     let (request_digest, now) = (Digest::of(b"request"), jiff::Timestamp::UNIX_EPOCH);
///     let opened: Option<Countersigned> = countersign(plan, &rehearsal, request, &approvals, &roster, now).ok();
/// }
/// ```
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
    /// A disaster stop was lifted since it was staged: a restart begins at STEP 0 (D-62).
    #[error("it was staged before the restart of ledger entry {0}, which begins at STEP 0")]
    Restarted(u64),
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
    /// The request tells people another thing than the plan it binds.
    #[error("the request says {what} {request}, but the plan says {plan}")]
    Contradicts {
        /// Which part, such as `requester`.
        what: String,
        /// As the request says.
        request: String,
        /// As the plan says.
        plan: String,
    },
    /// No roster is in force.
    #[error("no roster is in force: {0}")]
    NoRoster(String),
    /// Another roster came into force since it was staged.
    #[error("it was staged under roster version {named}, and version {in_force} is in force")]
    RosterChanged {
        /// The version the plan names.
        named: u32,
        /// The version in force.
        in_force: u32,
    },
    /// The roster's text cannot be read as a roster.
    #[error("the roster cannot be used: {0}")]
    BadRoster(String),
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
    /// Another request has reversed the same step since (D-73): what was rehearsed is no longer there.
    #[error("request {by} has reversed {step} since it was staged")]
    Overtaken {
        /// The other request's short name.
        by: String,
        /// The step.
        step: StepId,
    },
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
///
/// # Panics
/// Never: the last look before the door opens counts the people once more.
pub fn countersign(
    plan: SealedPlan,
    rehearsal: &Rehearsal,
    request: Request,
    signatures: &[SignedBytes],
    roster: &RosterVersion,
    now: Timestamp,
) -> Result<Countersigned, ApprovalRefusal> {
    let document = plan.plan();
    let roster = bound(&plan, rehearsal, &request, roster)?;
    fresh(document, rehearsal, &request, now)?;
    let needed = document.policy.approvals.max(LEAST_APPROVALS);
    let counted = count(&request, document.editor.as_ref(), signatures, &roster, now);
    let have = u32::try_from(counted.held.len()).unwrap_or(u32::MAX);
    if have < needed {
        // A signature that does not count says more than the number does.
        let refusal = counted.refused.into_iter().next().map(|(_, refusal)| refusal);
        return Err(refusal.unwrap_or(ApprovalRefusal::TooFew { have, needed }));
    }
    let approvals: Vec<SignedBytes> = counted.held.into_iter().map(|held| held.signed).collect();
    let people: BTreeSet<&Principal> = approvals.iter().map(|signed| &signed.principal).collect();
    assert!(people.len() >= 2, "BUG: counted {} people as {have} approvals", people.len());
    let request_digest = Digest::of(&request_bytes(&request));
    Ok(Countersigned { plan, request, request_digest, approvals })
}

/// Says where the approvals of a request stand, refusals included.
#[must_use]
pub fn standing(
    request: &Request,
    editor: Option<&Principal>,
    needed: u32,
    signatures: &[SignedBytes],
    roster: &Roster,
    now: Timestamp,
) -> Standing {
    let counted = count(request, editor, signatures, roster, now);
    let void = if now < request.not_before {
        Some(ApprovalRefusal::TooEarly(request.not_before))
    } else if now > request.not_after {
        Some(ApprovalRefusal::Expired(request.not_after))
    } else {
        None
    };
    let may_still = |principal: &Principal| {
        now <= request.not_after
            && counted.held.iter().all(|held| held.signed.principal != *principal)
            && may_approve(roster, principal, &request.requester, editor).is_ok()
    };
    let may_still = roster.reviewers().map(|person| person.principal.clone()).filter(may_still).collect();
    let approved = counted.held.into_iter().map(|held| (held.signed.principal, held.facts.fingerprint)).collect();
    Standing { approved, needed: needed.max(LEAST_APPROVALS), may_still, refused: counted.refused, void }
}

/// Picks the approvals that count, one a person: what a finding keeps, whatever else somebody appended to a ledger.
#[must_use]
pub fn approvals_that_count(
    request: &Request,
    editor: Option<&Principal>,
    signatures: &[SignedBytes],
    roster: &Roster,
    at: Timestamp,
) -> Vec<SignedBytes> {
    count(request, editor, signatures, roster, at).held.into_iter().map(|held| held.signed).collect()
}

struct Counted {
    held: Vec<Held>,
    refused: Vec<(Principal, ApprovalRefusal)>,
}

struct Held {
    signed: SignedBytes,
    facts: KeyFacts,
}

/// Counts people, not signatures (CVE-2020-15093): one person once, one secret once.
fn count(
    request: &Request,
    editor: Option<&Principal>,
    signatures: &[SignedBytes],
    roster: &Roster,
    at: Timestamp,
) -> Counted {
    let bytes = request_bytes(request);
    let mut counted = Counted { held: Vec::new(), refused: Vec::new() };
    for signed in signatures {
        let principal = &signed.principal;
        let judged = may_approve(roster, principal, &request.requester, editor).and_then(|()| {
            check_signature(roster, signed, Namespace::of(request.verb), &bytes, at)
                .map_err(|problem| refusal(principal, &problem))
        });
        let facts = match judged {
            Ok(facts) => facts,
            Err(refusal) => {
                counted.refused.push((principal.clone(), refusal));
                continue;
            }
        };
        if counted.held.iter().any(|held| held.signed.principal == *principal) {
            counted.refused.push((principal.clone(), ApprovalRefusal::SignedTwice(principal.clone())));
        } else if let Some(other) = counted.held.iter().find(|held| held.facts.is_same_secret(&facts)) {
            // A roster is refused before it comes to this; the count does not lean on that.
            let reason = format!("{} has signed with the same key", other.signed.principal);
            counted
                .refused
                .push((principal.clone(), ApprovalRefusal::BadSignature { principal: principal.clone(), reason }));
        } else {
            counted.held.push(Held { signed: signed.clone(), facts });
        }
    }
    counted
}

pub(super) fn refusal(principal: &Principal, problem: &SignatureProblem) -> ApprovalRefusal {
    ApprovalRefusal::BadSignature { principal: principal.clone(), reason: problem.to_string() }
}

/// The bytes people sign.
pub(super) fn request_bytes(request: &Request) -> Vec<u8> {
    canonical(request).expect("BUG: a request is made of texts, and of far fewer than 64 MiB").into_bytes()
}

/// Checks that every document is the one that was signed; gives the people the plan binds.
pub(crate) fn bound(
    plan: &SealedPlan,
    rehearsal: &Rehearsal,
    request: &Request,
    roster: &RosterVersion,
) -> Result<Roster, ApprovalRefusal> {
    // D-72, D-73: the plan binds version and text, and only a version that was countersigned itself gets here.
    roster.refuse_other(plan.plan())?;
    let roster = read_bound_roster(plan.plan(), roster.roster())?;
    agree(plan, rehearsal, request)?;
    Ok(roster)
}

fn read_bound_roster(plan: &Plan, roster: &Roster) -> Result<Roster, ApprovalRefusal> {
    let actual = Digest::of(roster.text.as_bytes());
    same_digest("roster", plan.roster_digest, actual)?;
    parse_roster(&roster.text).map_err(|problems| {
        let first = problems.first().map(|problem| format!("line {}: {}", problem.line, problem.message));
        ApprovalRefusal::BadRoster(first.unwrap_or_default())
    })
}

/// D-73: the request names this plan, this rehearsal and this baseline, and tells people nothing else than they say.
fn agree(sealed: &SealedPlan, rehearsal: &Rehearsal, request: &Request) -> Result<(), ApprovalRefusal> {
    let plan = sealed.plan();
    same_digest("plan", request.plan_digest, sealed.digest())?;
    let rehearsal_text = canonical(rehearsal).map_err(|error| ApprovalRefusal::FailedRehearsal(error.to_string()))?;
    same_digest("rehearsal", request.rehearsal_digest, Digest::of(rehearsal_text.as_bytes()))?;
    same_digest("plan of the rehearsal", request.plan_digest, rehearsal.plan_digest)?;
    same_digest("baseline", request.baseline_digest, plan.baseline_digest)?;
    same_text("format", &request.format, REQUEST_FORMAT)?;
    same_text("plan format", PLAN_FORMAT, &plan.format)?;
    same_text("rehearsal format", REHEARSAL_FORMAT, &rehearsal.format)?;
    same_text("verb", request.verb.word(), plan.verb().word())?;
    same_text("nonce", &request.nonce, &plan.nonce)?;
    same_text("requester", request.requester.as_str(), plan.requester.as_str())?;
    same_text("database", &request.database, &plan.target.database)?;
    let steps = |names: Vec<&str>| names.join(", ");
    same_text(
        "steps",
        &steps(request.steps.iter().map(StepId::as_str).collect()),
        &steps(plan.stages.iter().map(|stage| stage.step.as_str()).collect()),
    )?;
    if request.hazards != plan.hazards {
        let hazards = |list: &[Hazard]| {
            let named: Vec<String> = list.iter().map(|hazard| format!("{} at {}", hazard.rule, hazard.place)).collect();
            format!("{} ({})", list.len(), named.join(", "))
        };
        return Err(contradiction("hazards", &hazards(&request.hazards), &hazards(&plan.hazards)));
    }
    Ok(())
}

fn same_digest(what: &str, expected: Digest, actual: Digest) -> Result<(), ApprovalRefusal> {
    if expected == actual {
        return Ok(());
    }
    Err(ApprovalRefusal::AnotherDigest { what: what.to_owned(), expected, actual })
}

fn same_text(what: &str, request: &str, plan: &str) -> Result<(), ApprovalRefusal> {
    if request == plan { Ok(()) } else { Err(contradiction(what, request, plan)) }
}

fn contradiction(what: &str, request: &str, plan: &str) -> ApprovalRefusal {
    ApprovalRefusal::Contradicts { what: what.to_owned(), request: request.to_owned(), plan: plan.to_owned() }
}

/// D-74: the request is open, the rehearsal passed and is not older than the policy allows.
fn fresh(plan: &Plan, rehearsal: &Rehearsal, request: &Request, now: Timestamp) -> Result<(), ApprovalRefusal> {
    if now < request.not_before {
        return Err(ApprovalRefusal::TooEarly(request.not_before));
    }
    let not_after = too_late(plan, request);
    if now > not_after {
        return Err(ApprovalRefusal::Expired(not_after));
    }
    if let Some(failure) = rehearsal_failure(rehearsal) {
        return Err(ApprovalRefusal::FailedRehearsal(failure));
    }
    let age = now.duration_since(rehearsal.taken_at);
    if age < -MOST_CLOCK_SKEW {
        let reason =
            format!("it is dated {}, which is later than now ({now}); set this desk's clock", rehearsal.taken_at);
        return Err(ApprovalRefusal::FailedRehearsal(reason));
    }
    let max_age_seconds = plan.policy.rehearsal_max_age_seconds;
    if age > SignedDuration::from_secs(i64::from(max_age_seconds)) {
        return Err(ApprovalRefusal::StaleRehearsal { taken_at: rehearsal.taken_at, max_age_seconds });
    }
    Ok(())
}

/// Says why a rehearsal did not pass, looking at its evidence and not only at its word.
pub(crate) fn rehearsal_failure(rehearsal: &Rehearsal) -> Option<String> {
    if let Some(failure) = &rehearsal.failure {
        return Some(failure.clone());
    }
    if let Some(residue) = rehearsal.residue.first() {
        return Some(format!("{} things were left behind; the first: {}", rehearsal.residue.len(), residue.what));
    }
    // What was judged once is looked at again: a rehearsal that says it passed must look like it.
    if let Some(row) = rehearsal.inside.iter().flat_map(Comparison::failures).next() {
        return Some(format!("{} was not as expected inside the transaction", row.id));
    }
    let surprised = rehearsal.trace.statements.iter().find_map(|statement| statement.surprise.clone());
    surprised.map(|surprise| format!("a statement was not as expected: {surprise}"))
}
