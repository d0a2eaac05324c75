//! Takes the entries in order; gives the disaster stop that holds, where its restart stands, and every restart there was;
//! refuses to lift a stop while one gate of D-62 is open (D-60 … D-62).
//!
//! Whoever may append may write anything, so no entry is believed: every signature is checked here, against the roster that
//! was in force when the entry was taken. A stop is lifted by the entry that meets the last gate, and by nothing else.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::restart::{
    Authorisation, Difference, DifferenceOf, Divergence, RESTART_FORMAT, RestartAct, RestartPaper, StepVerdict,
};
use super::{Body, Entry, StopState};
use crate::approval::{Governed, RosterDeed, RosterPlace, SignedBytes, check_restart};
use crate::census::Reading;
use crate::digest::Digest;
use crate::plan::read_strict;
use crate::runbook::{AcceptedAnswer, Check, Principal, RestartBy, RestartGate, StepId, StopCondition};

/// The fewest distinct people a restart needs (D-62).
const LEAST_PEOPLE: usize = 2;

/// What holds a target back, and what has let it go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Halt {
    /// Stops that hold, the oldest first.
    stops: Vec<StopState>,
    /// An entry that this version cannot read: nothing lifts that.
    unreadable: Option<StopState>,
    papers: Papers,
    lifts: Vec<Lift>,
    refused: Vec<RefusedPaper>,
}

/// The papers that count for the stops that hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Papers {
    divergence: Option<KeptPaper>,
    accepted: Option<KeptPaper>,
    authorised: Option<KeptPaper>,
    records: BTreeMap<String, KeptPaper>,
}

/// A paper whose signature held when it was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptPaper {
    /// The entry.
    pub seq: u64,
    /// When the server took it.
    pub at: String,
    /// The digest of what was signed.
    pub digest: Digest,
    /// What was signed.
    pub paper: RestartPaper,
    /// The signature.
    pub signature: SignedBytes,
    /// The key's `SHA256:…` fingerprint.
    pub fingerprint: String,
}

/// A paper that does not count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedPaper {
    /// The entry.
    pub seq: u64,
    /// Who is said to have signed it.
    pub by: Principal,
    /// Why it does not count.
    pub reason: String,
}

/// A restart: every gate was met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lift {
    /// The entry that met the last gate.
    pub seq: u64,
    /// When.
    pub at: String,
    /// The stops it lifted, the oldest first.
    pub stops: Vec<StopState>,
    /// The papers, in the order they were taken.
    pub papers: Vec<KeptPaper>,
    /// What the sovereign said of each affected step.
    pub verdicts: Vec<StepVerdict>,
    /// What the sovereign accepted.
    pub accepted: Vec<Difference>,
}

/// Where one gate stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GateStanding {
    /// Its identifier.
    pub id: String,
    /// What must be true, in one sentence.
    pub title: String,
    /// Who met it and how; `None` while it is open.
    pub met: Option<String>,
    /// What is missing and of whom; empty once it is met.
    pub missing: String,
}

impl Halt {
    /// Adds up the entries. Kinds that neither stop, restart nor change the roster may be left out.
    #[must_use]
    pub fn of(entries: &[Entry]) -> Self {
        let (mut halt, mut rosters) = (Self::default(), Vec::new());
        for entry in entries {
            match serde_json::from_str::<Body>(&entry.body) {
                Ok(body) => {
                    rosters.extend(body.roster_deed(&entry.at));
                    halt.hear(entry, &body, &rosters);
                }
                Err(_) => halt.hear_unreadable(entry),
            }
        }
        halt
    }

    /// Returns the oldest stop that holds.
    #[must_use]
    pub fn stop(&self) -> Option<&StopState> {
        self.stops.first().or(self.unreadable.as_ref())
    }

    /// Returns the stops that hold, the oldest first; what this version cannot read is not among them.
    #[must_use]
    pub fn stops(&self) -> &[StopState] {
        &self.stops
    }

    /// Returns the newest stop that holds: the one papers name.
    #[must_use]
    pub fn newest(&self) -> Option<&StopState> {
        self.stops.last()
    }

    /// Returns the restarts there were, the oldest first.
    #[must_use]
    pub fn lifts(&self) -> &[Lift] {
        &self.lifts
    }

    /// Returns the papers that did not count, and why.
    #[must_use]
    pub fn refused(&self) -> &[RefusedPaper] {
        &self.refused
    }

    /// Returns the divergence finding that the other papers stand on.
    #[must_use]
    pub fn divergence(&self) -> Option<(&KeptPaper, &Divergence)> {
        let kept = self.papers.divergence.as_ref()?;
        match &kept.paper.act {
            RestartAct::Divergence(divergence) => Some((kept, divergence)),
            RestartAct::Accepted { .. } | RestartAct::Authorised { .. } | RestartAct::Record { .. } => None,
        }
    }

    /// Returns the papers that count for the stops that hold, in the order they were taken.
    #[must_use]
    pub fn papers(&self) -> Vec<&KeptPaper> {
        let Papers { divergence, accepted, authorised, records } = &self.papers;
        let mut papers: Vec<&KeptPaper> =
            divergence.iter().chain(accepted).chain(authorised).chain(records.values()).collect();
        papers.sort_by_key(|paper| paper.seq);
        papers
    }

    /// Returns the steps the stops that hold are about; none when nobody knows.
    #[must_use]
    pub fn steps(&self) -> BTreeSet<StepId> {
        let details = self.stops.iter().filter_map(|stop| stop.detail.as_ref());
        details.flat_map(|detail| detail.steps.iter().cloned()).collect()
    }

    /// Says which restart voids what was staged as this entry: the world it was approved in has ended (D-62).
    #[must_use]
    pub fn voids(&self, staged: u64) -> Option<&Lift> {
        self.lifts.iter().find(|lift| lift.seq > staged)
    }

    /// Returns what the sovereign last said of a step, in a restart.
    #[must_use]
    pub fn authorisation(&self, step: &StepId) -> Option<(Authorisation, &Lift)> {
        let said = |lift: &Lift| lift.verdicts.iter().find(|it| it.step == *step).map(|it| it.verdict);
        self.lifts.iter().rev().find_map(|lift| Some((said(lift)?, lift)))
    }

    /// Writes into stop conditions which answer was accepted in a restart, so that it does not trip again; another answer
    /// does.
    #[must_use]
    pub fn accept(&self, stops: &[StopCondition]) -> Vec<StopCondition> {
        let accepted = |stop: &StopCondition| self.accepted(DifferenceOf::Condition, &stop.id);
        stops.iter().map(|stop| StopCondition { accepted: accepted(stop), ..stop.clone() }).collect()
    }

    /// Writes the same into checks, as far as they hold throughout. What a reversal must change is accepted for nothing: it
    /// would pass for reversed.
    #[must_use]
    pub fn accept_checks(&self, checks: &[Check]) -> Vec<Check> {
        let is_throughout = |check: &Check| check.steps.is_empty() && check.per_step.is_empty();
        let accepted = |check: &Check| {
            is_throughout(check).then(|| self.accepted(DifferenceOf::Check, check.id.as_str())).flatten()
        };
        checks.iter().map(|check| Check { accepted: accepted(check), ..check.clone() }).collect()
    }

    fn accepted(&self, of: DifferenceOf, id: &str) -> Option<AcceptedAnswer> {
        self.lifts.iter().rev().find_map(|lift| {
            let found = lift.accepted.iter().find(|it| it.of == of && it.id == id)?;
            match &found.actual {
                Reading::Value(answer) => Some(AcceptedAnswer { answer: answer.clone(), restart: lift.seq }),
                Reading::Blind(_) => None,
            }
        })
    }

    /// Takes one more entry; `rosters` is everything the ledger holds about its roster up to here.
    pub(super) fn hear(&mut self, entry: &Entry, body: &Body, rosters: &[RosterDeed]) {
        match body {
            Body::Stopped { condition, reason, by, detail } => {
                self.stops.push(StopState {
                    seq: entry.seq,
                    condition: condition.clone(),
                    reason: reason.clone(),
                    by: by.clone(),
                    at: entry.at.clone(),
                    actor: entry.actor.clone(),
                    hash: entry.hash,
                    detail: detail.clone(),
                });
                // What was signed before knew nothing of this.
                self.papers = Papers::default();
            }
            Body::Restart { document, signature } => match self.judge(entry, document, signature, rosters) {
                Ok(kept) => self.keep(kept),
                Err(reason) => {
                    self.refused.push(RefusedPaper { seq: entry.seq, by: signature.principal.clone(), reason });
                }
            },
            Body::Baseline { .. }
            | Body::Staged { .. }
            | Body::Approved { .. }
            | Body::Rejected { .. }
            | Body::Withdrawn { .. }
            | Body::Intent { .. }
            | Body::Committed { .. }
            | Body::Ended { .. }
            | Body::Finding { .. }
            | Body::RosterProposed { .. }
            | Body::RosterApproved { .. }
            | Body::RosterWithdrawn { .. } => {}
        }
    }

    /// Takes an entry that cannot be read: what is not understood is not ignored.
    pub(super) fn hear_unreadable(&mut self, entry: &Entry) {
        self.unreadable.get_or_insert_with(|| StopState {
            seq: entry.seq,
            condition: "ledger-unreadable".to_owned(),
            reason: format!("ledger entry {} cannot be read by this version; use the version that wrote it", entry.seq),
            by: None,
            at: entry.at.clone(),
            actor: entry.actor.clone(),
            hash: entry.hash,
            detail: None,
        });
    }

    /// Says whether a paper would count if it were taken now.
    ///
    /// # Errors
    /// Why it would not.
    pub fn check(
        &self,
        at: Timestamp,
        document: &str,
        signature: &SignedBytes,
        rosters: &[RosterDeed],
    ) -> Result<(), String> {
        self.judge_at(at, document, signature, rosters).map(drop)
    }

    /// Says what is wrong with a paper, whoever signs it; nothing when it would count.
    #[must_use]
    pub fn fault(&self, paper: &RestartPaper) -> Option<String> {
        let Some(newest) = self.newest() else { return Some("no stop holds that could be lifted".to_owned()) };
        if (paper.stop, paper.stop_hash) != (newest.seq, newest.hash) {
            return Some(format!(
                "it is about the stop of ledger entry {}, and the newest one that holds is entry {}",
                paper.stop, newest.seq
            ));
        }
        match (&paper.act, self.divergence()) {
            (RestartAct::Divergence(divergence), _) => match paper.divergence {
                Some(_) => Some("a divergence finding stands on no other".to_owned()),
                None => divergence.fault(&self.steps()),
            },
            (_, None) => Some("there is no divergence finding yet".to_owned()),
            (_, Some((kept, _))) if paper.divergence != Some(kept.digest) => {
                Some(format!("it does not stand on the divergence finding of ledger entry {}", kept.seq))
            }
            (RestartAct::Accepted { differences, reason }, Some((_, divergence))) => {
                if reason.trim().is_empty() {
                    Some("it gives no reason".to_owned())
                } else {
                    (*differences != divergence.differences)
                        .then(|| "it does not accept exactly the differences of the divergence finding".to_owned())
                }
            }
            (RestartAct::Authorised { verdicts, reason }, Some((_, divergence))) => {
                divergence.fault_of_verdicts(verdicts, reason)
            }
            (RestartAct::Record { gate, answer, words }, Some((_, divergence))) => {
                divergence.fault_of_record(gate, answer, words)
            }
        }
    }

    fn judge(
        &self,
        entry: &Entry,
        document: &str,
        signature: &SignedBytes,
        rosters: &[RosterDeed],
    ) -> Result<KeptPaper, String> {
        let at: Timestamp = entry.at.parse().map_err(|_| format!("`{}` is no time", entry.at.escape_debug()))?;
        let (paper, fingerprint) = self.judge_at(at, document, signature, rosters)?;
        Ok(KeptPaper {
            seq: entry.seq,
            at: entry.at.clone(),
            digest: Digest::of(document.as_bytes()),
            paper,
            signature: signature.clone(),
            fingerprint,
        })
    }

    fn judge_at(
        &self,
        at: Timestamp,
        document: &str,
        signature: &SignedBytes,
        rosters: &[RosterDeed],
    ) -> Result<(RestartPaper, String), String> {
        let paper: RestartPaper = read_strict(document).map_err(|error| error.to_string())?;
        if paper.format != RESTART_FORMAT {
            return Err(format!("format: expected {RESTART_FORMAT}, actual {}", paper.format.escape_debug()));
        }
        self.fault(&paper).map_or(Ok(()), Err)?;
        if paper.by != signature.principal {
            return Err(format!("{} signed what {} says", signature.principal, paper.by));
        }
        let place =
            RosterPlace { system_identifier: paper.system_identifier.clone(), database: paper.database.clone() };
        let governed = Governed::of(rosters, place);
        let version = governed.in_force().map_err(|refusal| refusal.to_string())?;
        let namespace = paper.act.namespace();
        let fingerprint = check_restart(version.roster(), signature, namespace, document.as_bytes(), at)
            .map_err(|refusal| refusal.to_string())?;
        Ok((paper, fingerprint))
    }

    /// Keeps a paper that counts, and lifts the stops when it meets the last gate.
    fn keep(&mut self, kept: KeptPaper) {
        let papers = &mut self.papers;
        match &kept.paper.act {
            // The others stood on the one before it.
            RestartAct::Divergence(_) => *papers = Papers { divergence: Some(kept.clone()), ..Papers::default() },
            RestartAct::Accepted { .. } => papers.accepted = Some(kept.clone()),
            RestartAct::Authorised { .. } => papers.authorised = Some(kept.clone()),
            RestartAct::Record { gate, .. } => drop(papers.records.insert(gate.clone(), kept.clone())),
        }
        if !self.is_met() {
            return;
        }
        let all: Vec<KeptPaper> = self.papers().into_iter().cloned().collect();
        let mut lift = Lift {
            seq: kept.seq,
            at: kept.at,
            stops: std::mem::take(&mut self.stops),
            papers: all,
            verdicts: Vec::new(),
            accepted: Vec::new(),
        };
        for paper in &lift.papers {
            match &paper.paper.act {
                RestartAct::Authorised { verdicts, reason: _ } => lift.verdicts.clone_from(verdicts),
                RestartAct::Accepted { differences, reason: _ } => lift.accepted.clone_from(differences),
                RestartAct::Divergence(_) | RestartAct::Record { .. } => {}
            }
        }
        self.lifts.push(lift);
        self.papers = Papers::default();
    }

    /// D-62: all three gates, by two distinct people at least.
    fn is_met(&self) -> bool {
        let Some((_, divergence)) = self.divergence() else { return false };
        let is_reconciled = divergence.differences.is_empty() || self.papers.accepted.is_some();
        let records = divergence.record_gates();
        is_reconciled
            && self.papers.authorised.is_some()
            && records.iter().all(|gate| self.papers.records.contains_key(*gate))
            && self.people().len() >= LEAST_PEOPLE
    }

    fn people(&self) -> BTreeSet<&Principal> {
        self.papers().into_iter().map(|paper| &paper.paper.by).collect()
    }

    /// Says where each gate stands, in the runbook's order; `gates` are those of the runbook that is open, as long as no
    /// divergence finding holds them.
    #[must_use]
    pub fn gates(&self, gates: &[RestartGate]) -> Vec<GateStanding> {
        let divergence = self.divergence();
        let gates = divergence.map_or(gates, |(_, divergence)| &divergence.gates);
        let title = |wanted: fn(&RestartBy) -> bool, id: &str, title: &str| {
            let found = gates.iter().find(|gate| wanted(&gate.by));
            found.map_or((id.to_owned(), title.to_owned()), |gate| (gate.id.clone(), gate.title.clone()))
        };
        let standing = |(id, title): (String, String), met: Option<String>, missing: String| GateStanding {
            id,
            title,
            missing: if met.is_some() { String::new() } else { missing },
            met,
        };
        let mut all = vec![self.reconciliation(title(
            |by| matches!(by, RestartBy::Reconciliation),
            "divergence",
            "The divergence is documented and reconciled",
        ))];
        let sovereign = self.papers.authorised.as_ref().map(said);
        all.push(standing(
            title(
                |by| matches!(by, RestartBy::Sovereign { .. }),
                "sovereign",
                "The sovereign re-confirms or revokes the authorisation of each affected step",
            ),
            sovereign,
            match divergence {
                None => "a sovereign signs after the divergence finding".to_owned(),
                Some((_, divergence)) => format!("a sovereign's signature about {}", joined(&divergence.steps)),
            },
        ));
        let mut records: Vec<(String, String)> = gates
            .iter()
            .filter(|gate| matches!(gate.by, RestartBy::Record { .. }))
            .map(|gate| (gate.id.clone(), gate.title.clone()))
            .collect();
        if records.is_empty() {
            records.push((super::restart::COUNCIL.to_owned(), "The council record is re-checked".to_owned()));
        }
        for (id, title) in records {
            let met = self.papers.records.get(&id).map(said);
            all.push(standing((id, title), met, "somebody looks at the record again, and signs".to_owned()));
        }
        // Met one by one, and still by one person alone.
        let people = self.people();
        if people.len() < LEAST_PEOPLE && all.iter().all(|gate| gate.met.is_some()) {
            let who: Vec<&str> = people.into_iter().map(Principal::as_str).collect();
            all.push(GateStanding {
                id: "two-people".to_owned(),
                title: "Two distinct people have signed".to_owned(),
                met: None,
                missing: format!(
                    "all of it is signed by {} alone; one of the records by somebody else",
                    who.join(", ")
                ),
            });
        }
        all
    }

    fn reconciliation(&self, (id, title): (String, String)) -> GateStanding {
        let (met, missing) = match (self.divergence(), &self.papers.accepted) {
            (None, _) => (None, "a signed divergence finding".to_owned()),
            (Some((kept, divergence)), None) if divergence.differences.is_empty() => (Some(said(kept)), String::new()),
            (Some((kept, divergence)), None) => {
                let ids: Vec<&str> = divergence.differences.iter().map(|it| it.id.as_str()).collect();
                let missing = format!(
                    "{}; still: one with every count at the baseline, or a sovereign's written acceptance of {}",
                    said(kept),
                    ids.join(", ")
                );
                (None, missing)
            }
            (Some((kept, _)), Some(accepted)) => (Some(format!("{}; {}", said(kept), said(accepted))), String::new()),
        };
        GateStanding { id, title, met, missing }
    }
}

fn said(kept: &KeptPaper) -> String {
    format!("{} {}, ledger entry {}", kept.paper.by, kept.paper.act.words(), kept.seq)
}

fn joined(steps: &[StepId]) -> String {
    steps.iter().map(StepId::as_str).collect::<Vec<_>>().join(", ")
}
