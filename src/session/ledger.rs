//! Reads the ledger, verifies its chain, and shows every request with where its approvals stand.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::stage::lock_hint;
use super::touch::stepped_back;
use super::{Failure, FailureKind, LedgerView, RequestView, World};
use crate::approval::{
    ApprovalRefusal, Governed, Roster, RosterPlace, SignedBytes, Standing, check_roster, parse_roster, standing,
};
use crate::digest::Digest;
use crate::finding::Shelf;
use crate::ledger::{ChainBreak, Entry, RequestState, RequestStatus, State, replay, verify_chain};
use crate::plan::{Plan, Request, SealedPlan, read_strict};
use crate::port::Database;
use crate::rehearsal::Rehearsal;
use crate::run::Outcome;
use crate::runbook::Principal;

/// A request with its documents, read from the ledger and found to agree with each other.
#[derive(Clone, Debug)]
pub struct Opened {
    /// As the ledger holds it.
    pub state: RequestState,
    /// What people sign.
    pub request: Request,
    /// The sealed plan.
    pub plan: SealedPlan,
    /// The rehearsal the reviewers saw.
    pub rehearsal: Rehearsal,
    /// The people, as the plan binds them.
    pub roster: Roster,
}

impl Opened {
    /// Reads the documents of a request and checks that they are the ones the request names.
    ///
    /// # Errors
    /// The first document that is not.
    pub fn read(state: &RequestState) -> Result<Self, Failure> {
        let request: Request = read_strict(&state.request)?;
        let plan = SealedPlan::read(&state.plan)?;
        let rehearsal: Rehearsal = read_strict(&state.rehearsal)?;
        let roster = parse_roster(&state.roster).map_err(|problems| {
            let first = problems.first().map_or_else(String::new, |problem| problem.message.clone());
            Failure::new(FailureKind::Refused, format!("the request's roster is refused: {first}"), "Stage it again.")
        })?;
        let named = [
            ("plan", request.plan_digest, plan.digest()),
            ("rehearsal", request.rehearsal_digest, Digest::of(state.rehearsal.as_bytes())),
            ("baseline", request.baseline_digest, Digest::of(state.baseline.as_bytes())),
            ("roster", plan.plan().roster_digest, roster.digest),
        ];
        for (what, expected, actual) in named {
            if expected != actual {
                return Err(ApprovalRefusal::AnotherDigest { what: what.to_owned(), expected, actual }.into());
            }
        }
        Ok(Self { state: state.clone(), request, plan, rehearsal, roster })
    }

    /// Returns the signatures of the approvals that were not withdrawn.
    #[must_use]
    pub fn signatures(&self) -> Vec<SignedBytes> {
        self.state.approvals.iter().map(|approval| approval.signature.clone()).collect()
    }

    /// Returns the approvals of hardware keys whose counter does not go on from the ledger before them.
    #[must_use]
    pub fn stepped_back(&self, state: &State) -> Vec<(Principal, ApprovalRefusal)> {
        let approvals = self.state.approvals.iter();
        let refused = approvals.filter_map(|approval| {
            let principal = approval.signature.principal.clone();
            let reason = stepped_back(state, &approval.signature, approval.seq)?;
            Some((principal.clone(), ApprovalRefusal::BadSignature { principal, reason }))
        });
        refused.collect()
    }

    /// Says where the approvals stand, what has become of the request included.
    #[must_use]
    pub fn standing(&self, world: &World, state: &State) -> Standing {
        let plan: &Plan = self.plan.plan();
        let signatures = self.signatures();
        let now = world.clock.now();
        let mut stands =
            standing(&self.request, plan.editor.as_ref(), plan.policy.approvals, &signatures, &self.roster, now);
        let used = match &self.state.status {
            RequestStatus::Open => None,
            RequestStatus::Rejected => self.state.rejections.first().map(|(signature, reason)| {
                ApprovalRefusal::Rejected { principal: signature.principal.clone(), reason: reason.clone() }
            }),
            RequestStatus::Begun { .. } | RequestStatus::Ended(_) => Some(ApprovalRefusal::Used),
        };
        // A session that is stuck may be what the stop is about.
        let stop = if plan.end_session.is_some() { None } else { state.stop() };
        let stopped = || stop.map(|stop| ApprovalRefusal::Stopped(stop.reason.clone()));
        let restarted = || state.halt.voids(self.state.seq).map(|lift| ApprovalRefusal::Restarted(lift.seq));
        let changed = || check_roster(plan, &state.rosters).err();
        stands.may_still.retain(|principal| !self.state.withdrawn.contains(principal));
        for (principal, refusal) in self.stepped_back(state) {
            stands.approved.retain(|(who, _)| *who != principal);
            stands.refused.push((principal, refusal));
        }
        if let Some(void) = used.or_else(stopped).or_else(restarted).or_else(changed).or_else(|| self.overtaken(state))
        {
            stands.void = Some(void);
        }
        stands
    }

    /// Says which other request has reversed a step of this one since it was staged. Two requests for one step may be open
    /// at once; the first one that is run leaves nothing for the other.
    pub(super) fn overtaken(&self, state: &State) -> Option<ApprovalRefusal> {
        let later = |other: &&RequestState| {
            other.digest != self.state.digest && other.committed_seq.is_some_and(|seq| seq > self.state.seq)
        };
        state.requests.iter().filter(later).find_map(|other| {
            let document: Request = read_strict(&other.request).ok()?;
            let done = usize::try_from(other.committed_stages).unwrap_or(usize::MAX);
            let step = document.steps.iter().take(done).find(|step| self.request.steps.contains(step))?.clone();
            Some(ApprovalRefusal::Overtaken { by: document.id(), step })
        })
    }
}

/// Reads the whole ledger, remembers nothing, and refuses one whose chain does not hold.
///
/// # Errors
/// When there is none, or its chain is broken.
pub async fn read_ledger(database: &dyn Database) -> Result<(Vec<Entry>, State), Failure> {
    let entries = database.ledger_read(0).await?;
    verify_chain(&entries, None).map_err(|broken| chain_broken(&broken))?;
    let state = replay(&entries);
    Ok((entries, state))
}

/// Says that a ledger's chain does not hold.
pub(super) fn chain_broken(broken: &ChainBreak) -> Failure {
    let hint = "Stop. `countersign ledger verify` explains it; compare with the heads inside exported findings.";
    Failure::new(FailureKind::Refused, format!("the ledger's chain does not hold: {broken}"), hint)
}

/// Finds a request by its short name, or by the beginning of its digest.
///
/// # Errors
/// When none or several fit, or its documents do not agree.
pub fn find_request(state: &State, name: &str) -> Result<Opened, Failure> {
    // A canonical text spells its nonce like this: the others of a long ledger need not be read to be left out.
    let spelled = format!("\"nonce\":\"{name}");
    let fits = |request: &&RequestState| {
        let by_name = request.request.contains(&spelled)
            && read_strict::<Request>(&request.request).is_ok_and(|document| document.nonce.starts_with(name));
        by_name || request.digest.to_string().starts_with(name)
    };
    let found: Vec<&RequestState> = state.requests.iter().filter(fits).collect();
    match found.as_slice() {
        // Four digits at least, so that a typing slip does not name somebody else's request.
        [only] if name.len() >= 4 => Opened::read(only),
        [] => Err(Failure::new(
            FailureKind::Unreadable,
            format!("there is no request `{name}` in this ledger ({} requests)", state.requests.len()),
            "See `countersign ledger log` for the requests there are.",
        )),
        several => Err(Failure::new(
            FailureKind::Unreadable,
            format!("`{name}` names {} requests", several.len()),
            "Write more digits of its name.",
        )),
    }
}

/// Keeps what requests looked like between looks, so that a look costs what is new.
#[derive(Default)]
pub struct LedgerMemory {
    views: Mutex<BTreeMap<Digest, RequestView>>,
    /// The roster as it was verified, and of how many acts; a ledger only grows.
    roster: Mutex<Option<(usize, Arc<Governed>)>>,
    /// The findings on their shelf, as of the newest entry and their count.
    shelf: Mutex<Option<ShelfAsOf>>,
}

/// The shelf, with the newest finding entry and their count when it was made.
type ShelfAsOf = ((u64, usize), Arc<Shelf>);

impl LedgerMemory {
    /// Reads what is new, verifies it against what is known, and shows all of it.
    ///
    /// # Errors
    /// When there is no ledger, or it cannot be read.
    pub async fn look(&self, world: &World, database: &dyn Database) -> Result<LedgerView, Failure> {
        let (known, broken) = world.ledgers.look(&*world.folders, database).await?;
        let (entries, state) = (Arc::clone(known.entries()), Arc::clone(known.state()));
        let requests = state.requests.iter().filter_map(|request| self.view(world, &state, request)).collect();
        let roster = self.roster(database, &state).await?;
        let shelf = self.shelf(&state);
        Ok(LedgerView { entries, state, broken: broken.map(|broken| broken.to_string()), requests, roster, shelf })
    }

    /// Puts the findings on the shelf when there are more of them than last time.
    fn shelf(&self, state: &State) -> Arc<Shelf> {
        let mut kept = self.shelf.lock().unwrap_or_else(PoisonError::into_inner);
        let newest = state.findings.last().map_or(0, |(seq, _, _)| *seq);
        match kept.as_ref() {
            Some((known, shelf)) if *known == (newest, state.findings.len()) => Arc::clone(shelf),
            Some(_) | None => {
                let shelf = Arc::new(Shelf::of(&state.findings));
                *kept = Some(((newest, state.findings.len()), Arc::clone(&shelf)));
                shelf
            }
        }
    }

    /// Verifies the roster's history when there is more of it than last time.
    async fn roster(&self, database: &dyn Database, state: &State) -> Result<Arc<Governed>, Failure> {
        let acts = state.rosters.len();
        let kept = self.roster.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((_, roster)) = kept.filter(|(known, _)| *known == acts) {
            return Ok(roster);
        }
        let roster = Arc::new(Governed::of(&state.rosters, RosterPlace::of(&database.target().await?)));
        *self.roster.lock().unwrap_or_else(PoisonError::into_inner) = Some((acts, Arc::clone(&roster)));
        Ok(roster)
    }

    fn view(&self, world: &World, state: &State, request: &RequestState) -> Option<RequestView> {
        let mut memory = self.views.lock().unwrap_or_else(PoisonError::into_inner);
        // What has ended and expired looks the same at every look; its signatures need not be checked each time.
        if let Some(view) = memory.get(&request.digest).filter(|view| is_settled(view, request, world)) {
            return Some(view.clone());
        }
        // Documents that do not agree are shown in the ledger, but nobody can act on them.
        let opened = Opened::read(request).ok()?;
        let standing = opened.standing(world, state);
        let (plan, rehearsal) = match memory.get(&request.digest) {
            Some(view) => (Arc::clone(&view.plan), Arc::clone(&view.rehearsal)),
            None => (Arc::new(opened.plan.plan().clone()), Arc::new(opened.rehearsal)),
        };
        let view = RequestView {
            request: opened.request,
            digest: request.digest,
            plan,
            rehearsal,
            standing,
            status: request.status.clone(),
            committed_stages: request.committed_stages,
            evidence: request.evidence.clone().map(Arc::new),
        };
        memory.insert(request.digest, view.clone());
        Some(view)
    }
}

/// Returns whether nothing that a view shows of this request can have changed since.
fn is_settled(view: &RequestView, request: &RequestState, world: &World) -> bool {
    matches!(request.status, RequestStatus::Ended(_))
        && view.status == request.status
        && view.committed_stages == request.committed_stages
        && view.evidence.as_deref() == request.evidence.as_ref()
        && view.standing.approved.len() + view.standing.refused.len() == request.approvals.len()
        && view.standing.may_still.is_empty()
        && world.clock.now() > view.request.not_after
}

/// Says how an outcome ends a command: nothing, or a failure with its exit code.
#[must_use]
pub fn outcome_failure(outcome: &Outcome, failure: Option<&str>, request: &str) -> Option<Failure> {
    match (outcome, failure) {
        (Outcome::Committed, None) => None,
        (Outcome::Committed, Some(reason)) => {
            let hint = "It is committed. Write a divergence finding; nothing more is run until it is reconciled.";
            Some(Failure::new(FailureKind::Blocked, reason, hint))
        }
        (Outcome::RolledBack { reason, committed }, _) if committed.is_empty() => {
            let hint = lock_hint(reason)
                .unwrap_or("Nothing was changed, and the approvals are void. Mend the cause, then stage again.");
            Some(Failure::new(FailureKind::RolledBack, format!("rolled back: {reason}"), hint))
        }
        (Outcome::RolledBack { reason, committed }, _) => {
            let steps: Vec<&str> = committed.iter().map(crate::runbook::StepId::as_str).collect();
            let message = format!("{} committed, then stopped: {reason}", steps.join(", "));
            Some(Failure::new(FailureKind::RolledBack, message, "Diagnose again; stage what is left."))
        }
        (Outcome::Unknown { reason, .. }, _) => {
            let hint = format!("Do not run it again. Prove it with `countersign run {request} --prove`.");
            Some(Failure::new(FailureKind::Unknown, format!("the outcome is unknown: {reason}"), hint))
        }
    }
}
