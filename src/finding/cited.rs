//! Takes the ledger and what a finding is about; gives the few entries it follows from, word for word; refuses a stop or a
//! restart that is not there, and a ledger without a roster in force.
//!
//! Choosing is a pure function of the entries, and choosing again among the chosen gives the same: so a reader sees that
//! nothing is missing and that nothing else stands among them.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::subject::{ComparisonSubject, RestartSubject, StopSubject};
use crate::approval::{Governed, RosterDeed, RosterPlace, RosterVersion, check_declared};
use crate::census::{Baseline, CompareScope, Comparison, Target, compare, held_checks};
use crate::digest::Digest;
use crate::ledger::{Body, Entry, Halt, KeptPaper, Lift, RestartAct, StopDeclaration, StopState, entry_hash};
use crate::plan::{canonical, read_strict};
use crate::runbook::{Check, CheckId};

/// Entries of a ledger, word for word, and the database they are from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cited {
    /// The database, as the writer's desk saw it.
    pub target: Target,
    /// The entries in their order: what brought the roster into force, and what the finding is about.
    pub entries: Vec<Entry>,
}

/// A stop and what was signed about it.
pub(super) struct SeenStop {
    pub(super) stop: StopState,
    /// The divergence finding about it, when there is one.
    pub(super) divergence: Option<KeptPaper>,
}

impl Cited {
    /// Finds what brought the roster into force.
    ///
    /// # Errors
    /// When no roster is in force.
    pub fn of_roster(entries: &[Entry], target: &Target) -> Result<Self, String> {
        Ok(choose(entries, target, &roster_entries(entries, target)?))
    }

    /// Returns what the entries say about the roster.
    #[must_use]
    pub fn deeds(&self) -> Vec<RosterDeed> {
        deeds(&self.entries)
    }

    /// Returns the roster that was in force when this was written.
    ///
    /// # Errors
    /// When no version was.
    pub fn roster(&self) -> Result<RosterVersion, String> {
        in_force(&self.entries, &self.target)
    }

    /// Returns the first entry whose fields do not have the hash it holds.
    pub(super) fn forged(&self) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry_hash(entry) != entry.hash)
    }
}

impl StopSubject {
    /// Finds a stop and what it follows from.
    ///
    /// # Errors
    /// When that entry is no stop, or no roster says who may sign.
    pub fn of(entries: &[Entry], target: &Target, stop: u64) -> Result<Self, String> {
        let found = entries.iter().find(|entry| entry.seq == stop);
        if !found.is_some_and(|entry| matches!(body(entry), Some(Body::Stopped { .. }))) {
            return Err(format!("ledger entry {stop} is no stop"));
        }
        let halt = Halt::of(entries);
        let mut wanted = roster_entries(entries, target)?;
        wanted.insert(stop);
        // The last divergence finding that counts for it.
        let lifted = halt.lifts().iter().filter(|lift| lift.stops.iter().any(|it| it.seq == stop));
        let papers = lifted.flat_map(|lift| lift.papers.iter()).chain(halt.papers());
        let about =
            |paper: &&KeptPaper| paper.paper.stop == stop && matches!(paper.paper.act, RestartAct::Divergence(_));
        wanted.extend(papers.filter(about).map(|paper| paper.seq).max());
        Ok(Self { stop, cited: choose(entries, target, &wanted) })
    }

    /// Returns the stop as the cited entries tell it.
    pub(super) fn seen(&self) -> Result<SeenStop, String> {
        let halt = Halt::of(&self.cited.entries);
        let stop = halt.stops().iter().find(|stop| stop.seq == self.stop);
        let stop = stop.ok_or_else(|| format!("ledger entry {} is no stop", self.stop))?.clone();
        Ok(SeenStop { stop, divergence: halt.divergence().map(|(kept, _)| kept.clone()) })
    }
}

impl RestartSubject {
    /// Finds a restart and what it follows from.
    ///
    /// # Errors
    /// When that entry lifted no stop, or no roster says who may sign.
    pub fn of(entries: &[Entry], target: &Target, restart: u64) -> Result<Self, String> {
        let halt = Halt::of(entries);
        let Some(lift) = halt.lifts().iter().find(|lift| lift.seq == restart) else {
            let all: Vec<String> = halt.lifts().iter().map(|lift| lift.seq.to_string()).collect();
            let known =
                if all.is_empty() { "there was none".to_owned() } else { format!("restarts: {}", all.join(", ")) };
            return Err(format!("ledger entry {restart} completed no restart; {known}"));
        };
        let mut wanted = roster_entries(entries, target)?;
        wanted.extend(lift.stops.iter().map(|stop| stop.seq));
        wanted.extend(lift.papers.iter().map(|paper| paper.seq));
        Ok(Self { restart, cited: choose(entries, target, &wanted) })
    }

    /// Returns the restart as the cited entries tell it, by the very code that lifts a stop.
    pub(super) fn seen(&self) -> Result<Lift, String> {
        let halt = Halt::of(&self.cited.entries);
        if let Some(refused) = halt.refused().first() {
            return Err(format!("the paper of ledger entry {} does not count: {}", refused.seq, refused.reason));
        }
        let lift = halt.lifts().iter().find(|lift| lift.seq == self.restart).cloned();
        lift.ok_or_else(|| format!("the papers of this finding lift no stop at ledger entry {}", self.restart))
    }
}

impl ComparisonSubject {
    /// Lays two baselines side by side. Of a check that the runbook does not know, only the name is told.
    ///
    /// # Errors
    /// When no roster says who may sign, or a baseline has no canonical text.
    pub fn of(
        entries: &[Entry],
        target: &Target,
        (left, right): (Baseline, Baseline),
        known: &[Check],
        ignored: &[CheckId],
    ) -> Result<Self, String> {
        let ids: BTreeSet<&CheckId> = left.census.readings.keys().chain(right.census.readings.keys()).collect();
        if let Some(unknown) = ignored.iter().find(|id| !ids.contains(id)) {
            return Err(format!("neither baseline holds a check `{unknown}` that could be ignored"));
        }
        let checks = held_checks(known, &ids, &ignored.iter().collect());
        let ignored: BTreeSet<CheckId> = ignored.iter().cloned().collect();
        let digest = |baseline: &Baseline| {
            canonical(baseline).map(|text| Digest::of(text.as_bytes())).map_err(|error| error.to_string())
        };
        Ok(Self {
            comparison: beside(&left, &right, &checks),
            left_digest: digest(&left)?,
            right_digest: digest(&right)?,
            left,
            right,
            checks,
            ignored: ignored.into_iter().collect(),
            cited: Cited::of_roster(entries, target)?,
        })
    }
}

/// Compares two baselines: the right one must be as the left one, and where growth is allowed not below it.
pub(super) fn beside(left: &Baseline, right: &Baseline, checks: &[Check]) -> Comparison {
    compare(checks, Some(left), &right.census, CompareScope::Everything)
}

/// Checks what somebody signed to declare a stop, against the roster that was in force then; gives the key's fingerprint.
/// Without one, the roster that came first is asked: everybody may halt a database that has none.
pub(super) fn check_declaration(cited: &Cited, stop: &StopState) -> Option<Result<String, String>> {
    let declared = stop.detail.as_ref()?.declared.as_ref()?;
    Some((|| {
        let said: StopDeclaration = read_strict(&declared.document).map_err(|error| error.to_string())?;
        let place = (&cited.target.system_identifier, &cited.target.database);
        if (&said.system_identifier, &said.database) != place {
            return Err(format!("it is about {} of server {}", said.database, said.system_identifier));
        }
        if said.by != declared.signature.principal {
            return Err(format!("{} signed what {} says", declared.signature.principal, said.by));
        }
        if said.reason != stop.reason || stop.by.as_ref() != Some(&said.by) {
            return Err("it says another reason, or names somebody else, than the entry".to_owned());
        }
        let before: Vec<Entry> = cited.entries.iter().filter(|entry| entry.seq < stop.seq).cloned().collect();
        let version = in_force(&before, &cited.target).or_else(|_| cited.roster())?;
        let at = stop.at.parse().map_err(|_| format!("`{}` is no time", stop.at.escape_debug()))?;
        check_declared(version.roster(), &declared.signature, declared.document.as_bytes(), at)
            .map_err(|refusal| refusal.to_string())
    })())
}

fn body(entry: &Entry) -> Option<Body> {
    serde_json::from_str(&entry.body).ok()
}

fn deeds(entries: &[Entry]) -> Vec<RosterDeed> {
    entries.iter().filter_map(|entry| body(entry)?.roster_deed(&entry.at)).collect()
}

pub(super) fn in_force(entries: &[Entry], target: &Target) -> Result<RosterVersion, String> {
    let governed = Governed::of(&deeds(entries), RosterPlace::of(target));
    governed.in_force().cloned().map_err(|refusal| refusal.to_string())
}

/// Returns the entries that brought the roster into force, and no others.
fn roster_entries(entries: &[Entry], target: &Target) -> Result<BTreeSet<u64>, String> {
    let governed = Governed::of(&deeds(entries), RosterPlace::of(target));
    let version = governed.in_force().map_err(|refusal| refusal.to_string())?.version();
    let proof = governed.proof(version);
    // Two entries may say the same at the same moment; the first one is meant.
    let mut wanted = proof.iter().peekable();
    let mut chosen = BTreeSet::new();
    for entry in entries {
        let deed = body(entry).and_then(|body| body.roster_deed(&entry.at));
        if deed.is_some() && wanted.peek().copied() == deed.as_ref() {
            wanted.next();
            chosen.insert(entry.seq);
        }
    }
    Ok(chosen)
}

fn choose(entries: &[Entry], target: &Target, wanted: &BTreeSet<u64>) -> Cited {
    let entries = entries.iter().filter(|entry| wanted.contains(&entry.seq)).cloned().collect();
    Cited { target: target.clone(), entries }
}
