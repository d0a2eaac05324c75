//! Takes the entries in order; gives what they add up to. Pure: the same entries give the same state anywhere.

use std::collections::btree_map::Entry::Vacant;
use std::collections::{BTreeMap, BTreeSet};

use super::touched::{Touched, note};
use super::{Body, Entry, Halt, StopDetail};
use crate::approval::{Governed, Roster, RosterAct, RosterDeed, RosterDocument, SignedBytes};
use crate::digest::Digest;
use crate::plan::read_strict;
use crate::run::{Evidence, Outcome};
use crate::runbook::{Principal, StepId};

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
    /// The stops that hold, where their restart stands, and every restart there was.
    pub halt: Halt,
    /// What was done about the roster, in order; not yet verified: [`crate::approval::Governed`] does.
    pub rosters: Vec<RosterDeed>,
    /// Signatures of hardware keys, in order; not yet verified.
    pub touched: Vec<Touched>,
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
    /// Who withdrew. For good: an old signature appended again is the same bytes as a new one, so neither counts.
    pub withdrawn: BTreeSet<Principal>,
    /// Rejections: who and why; not yet verified.
    pub rejections: Vec<(SignedBytes, String)>,
    /// What became of it.
    pub status: RequestStatus,
    /// The operator's signature, once a run began.
    pub operated: Option<SignedBytes>,
    /// The run that has it: its identifier, and the database login that appended its intent.
    pub begun: Option<(String, String)>,
    /// When that run began, by the server's clock.
    pub begun_at: Option<String>,
    /// Stages known to be committed.
    pub committed_stages: u32,
    /// The entry of the last one.
    pub committed_seq: Option<u64>,
    /// What the run left behind, when its desk lived to record it.
    pub evidence: Option<Evidence>,
    /// The entry that staged it.
    pub seq: u64,
    /// When it was staged, by the server's clock.
    pub at: String,
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
    /// The login that appended it.
    pub actor: String,
    /// The entry's hash: what a restart gate names.
    pub hash: Digest,
    /// Everything that was seen.
    pub detail: Option<Box<StopDetail>>,
}

/// Returns the roster that says who is who now; `None` when the ledger knows nobody yet.
#[must_use]
pub fn roster_in_force(state: &State) -> Option<Roster> {
    // The first document says for which database they are; whoever acts on it compares that with the one connected to.
    let place = state.rosters.iter().find_map(|deed| match &deed.act {
        RosterAct::Proposed { document, roster: _, signature: _ } => {
            read_strict::<RosterDocument>(document).ok().map(|document| document.place())
        }
        RosterAct::Approved { .. } | RosterAct::Withdrawn { .. } => None,
    })?;
    Governed::of(&state.rosters, place).in_force().ok().map(|version| version.roster().clone())
}

impl State {
    /// Returns the oldest stop that holds.
    #[must_use]
    pub fn stop(&self) -> Option<&StopState> {
        self.halt.stop()
    }

    /// Finds a request by its digest.
    #[must_use]
    pub fn request(&self, digest: Digest) -> Option<&RequestState> {
        self.requests.iter().find(|request| request.digest == digest)
    }
}

/// Where each request stands in [`State::requests`], so that a long ledger is added up in one pass.
#[derive(Clone, Debug, Default)]
pub(super) struct Places(BTreeMap<Digest, usize>);

impl Places {
    fn of<'a>(&self, state: &'a mut State, digest: Digest) -> Option<&'a mut RequestState> {
        state.requests.get_mut(*self.0.get(&digest)?)
    }
}

/// Adds the entries up. An entry that cannot be read counts as a stop: what is not understood is not ignored.
///
/// Signatures are not verified here; whoever acts on a request verifies them afresh.
#[must_use]
pub fn replay(entries: &[Entry]) -> State {
    let (mut state, mut places) = (State::default(), Places::default());
    replay_on(&mut state, &mut places, entries);
    state
}

/// Adds entries to what the ones before them added up to; `places` is of the same state.
pub(super) fn replay_on(state: &mut State, places: &mut Places, entries: &[Entry]) {
    for entry in entries {
        state.head_seq = entry.seq;
        state.head = Some(entry.hash);
        match serde_json::from_str::<Body>(&entry.body) {
            Ok(body) if body.kind() == entry.kind => {
                note(&mut state.touched, entry.seq, &body);
                apply(state, places, entry, body);
            }
            Ok(_) | Err(_) => {
                state.halt.hear_unreadable(entry);
            }
        }
    }
}

fn apply(state: &mut State, places: &mut Places, entry: &Entry, body: Body) {
    match body {
        Body::RosterProposed { .. } | Body::RosterApproved { .. } | Body::RosterWithdrawn { .. } => {
            state.rosters.extend(body.roster_deed(&entry.at));
        }
        Body::Baseline { document, digest } => state.baselines.push((digest, document)),
        Body::Staged { request, plan, rehearsal, baseline, roster, signature } => {
            let digest = Digest::of(request.as_bytes());
            // A second staging of the same bytes is the same request.
            if let Vacant(place) = places.0.entry(digest) {
                place.insert(state.requests.len());
                state.requests.push(RequestState {
                    digest,
                    request,
                    plan,
                    rehearsal,
                    baseline,
                    roster,
                    requested: signature,
                    approvals: Vec::new(),
                    withdrawn: BTreeSet::new(),
                    rejections: Vec::new(),
                    status: RequestStatus::Open,
                    operated: None,
                    begun: None,
                    begun_at: None,
                    committed_stages: 0,
                    committed_seq: None,
                    evidence: None,
                    seq: entry.seq,
                    at: entry.at.clone(),
                });
            }
        }
        Body::Approved { request_digest, signature } => {
            if let Some(request) = places.of(state, request_digest)
                && !request.withdrawn.contains(&signature.principal)
            {
                request.approvals.push(ApprovalRecord { seq: entry.seq, actor: entry.actor.clone(), signature });
            }
        }
        Body::Rejected { request_digest, reason, signature } => {
            if let Some(request) = places.of(state, request_digest) {
                request.rejections.push((signature, reason));
                if request.status == RequestStatus::Open {
                    request.status = RequestStatus::Rejected;
                }
            }
        }
        Body::Withdrawn { request_digest, reason: _, signature } => {
            if let Some(request) = places.of(state, request_digest) {
                request.approvals.retain(|approval| approval.signature.principal != signature.principal);
                request.withdrawn.insert(signature.principal);
            }
        }
        Body::Intent { request_digest, run, operator: _, signature } => {
            if let Some(request) = places.of(state, request_digest) {
                // D-74: used once, from the intent on; a failed run voids it as well.
                if request.status == RequestStatus::Open {
                    request.begun = Some((run.clone(), entry.actor.clone()));
                    request.begun_at = Some(entry.at.clone());
                    request.status = RequestStatus::Begun { run };
                    request.operated = Some(signature);
                }
            }
        }
        Body::Committed { request_digest, run, stage, stages, token } => {
            if let Some(request) = places.of(state, request_digest) {
                // Only what the run's own transaction wrote counts: the server, not the writer, sets `actor` and `xid`.
                let begun = request.begun.as_ref().is_some_and(|(id, actor)| *id == run && *actor == entry.actor);
                if !begun || token.xid != entry.xid || stage != request.committed_stages {
                    return;
                }
                request.committed_stages = stage + 1;
                request.committed_seq = Some(entry.seq);
                if request.committed_stages == stages {
                    request.status = RequestStatus::Ended(Outcome::Committed);
                }
            }
        }
        Body::Ended { request_digest, run, outcome, evidence } => {
            if let Some(request) = places.of(state, request_digest) {
                let Some((_, by)) = request.begun.as_ref().filter(|(id, _)| *id == run) else { return };
                // The evidence of the desk that ran it is not replaced by another's.
                if *by == entry.actor || request.evidence.is_none() {
                    request.evidence = Some(evidence);
                }
                let is_settled =
                    matches!(&request.status, RequestStatus::Ended(Outcome::Committed | Outcome::RolledBack { .. }));
                // What a transaction recorded of itself is not overruled by what a desk says of it.
                let agrees = match &outcome {
                    Outcome::Committed => false,
                    Outcome::RolledBack { committed, reason: _ } => {
                        u32::try_from(committed.len()) == Ok(request.committed_stages)
                    }
                    Outcome::Unknown { .. } => true,
                };
                if agrees && !is_settled {
                    request.status = RequestStatus::Ended(outcome);
                }
            }
        }
        Body::Finding { document, signatures } => state.findings.push((entry.seq, document, signatures)),
        Body::Stopped { .. } | Body::Restart { .. } => state.halt.hear(entry, &body, &state.rosters),
    }
}

impl RequestStatus {
    /// Says in a few words what became of the request.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Open => "open".to_owned(),
            Self::Rejected => "rejected".to_owned(),
            Self::Begun { run } => {
                format!("begun (run {}), end not recorded", run.chars().take(12).collect::<String>())
            }
            Self::Ended(Outcome::Committed) => "committed".to_owned(),
            Self::Ended(Outcome::RolledBack { reason, committed }) if committed.is_empty() => {
                format!("rolled back: {reason}")
            }
            Self::Ended(Outcome::RolledBack { reason, committed }) => {
                let steps: Vec<&str> = committed.iter().map(StepId::as_str).collect();
                format!("stopped after {} was committed: {reason}", steps.join(", "))
            }
            Self::Ended(Outcome::Unknown { reason, .. }) => format!("outcome unknown: {reason}"),
        }
    }
}
