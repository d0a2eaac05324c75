//! The papers of a restart (D-62): what people sign before a disaster stop is lifted.
//!
//! Each paper names the stop by number and hash, and each but the first names the divergence finding it stands on. So no
//! paper counts for another disaster, another database, or a divergence that somebody wrote anew afterwards.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::approval::Namespace;
use crate::census::{Reading, Verdict, describe, judge};
use crate::digest::Digest;
use crate::plan::canonical;
use crate::runbook::{Expectation, Principal, RestartBy, RestartGate, StepId};

/// The format name of a [`RestartPaper`].
pub const RESTART_FORMAT: &str = "countersign/restart/1";
/// The record gate of a runbook that declares none: D-62 asks for it all the same.
pub const COUNCIL: &str = "council-record";

/// One paper of a restart, as it is signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RestartPaper {
    /// `countersign/restart/1`.
    pub format: String,
    /// The server, so that the paper is no good for another.
    pub system_identifier: String,
    /// The database.
    pub database: String,
    /// The newest stop that holds: its ledger entry.
    pub stop: u64,
    /// That entry's hash.
    pub stop_hash: Digest,
    /// The digest of the divergence finding it stands on; `None` in that finding itself.
    pub divergence: Option<Digest>,
    /// What is said.
    pub act: RestartAct,
    /// Who says it.
    pub by: Principal,
    /// When, by the desk's clock.
    pub at: Timestamp,
}

/// What a paper of a restart says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RestartAct {
    /// What happened, and what differs from the baseline now: the divergence finding.
    Divergence(Box<Divergence>),
    /// The sovereign accepts every remaining difference, in writing.
    Accepted {
        /// Exactly the differences of the divergence finding.
        differences: Vec<Difference>,
        /// Why they may stay.
        reason: String,
    },
    /// The sovereign re-confirms or revokes the authorisation of each affected step.
    Authorised {
        /// One verdict a step.
        verdicts: Vec<StepVerdict>,
        /// Why.
        reason: String,
    },
    /// Somebody has looked at the record of the council again.
    Record {
        /// The gate of the runbook.
        gate: String,
        /// What the record's question answered.
        answer: Reading,
        /// What the person says of it.
        words: String,
    },
}

impl RestartAct {
    /// Returns the purpose its signature is made for. Only a sovereign's can be made for `countersign-restart`.
    #[must_use]
    pub fn namespace(&self) -> Namespace {
        match self {
            Self::Divergence(_) => Namespace::Finding,
            Self::Accepted { .. } | Self::Authorised { .. } => Namespace::Restart,
            Self::Record { .. } => Namespace::Record,
        }
    }

    /// Says in a few words what it is.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Divergence(divergence) => match divergence.differences.len() {
                0 => "wrote the divergence finding: every count is at the baseline".to_owned(),
                1 => "wrote the divergence finding: one difference remains".to_owned(),
                many => format!("wrote the divergence finding: {many} differences remain"),
            },
            Self::Accepted { differences, reason: _ } => match differences.len() {
                1 => "accepted the remaining difference".to_owned(),
                many => format!("accepted the {many} remaining differences"),
            },
            Self::Authorised { verdicts, reason: _ } => {
                let said = verdicts.iter().map(|it| format!("{} {}", it.verdict.as_str(), it.step));
                said.collect::<Vec<_>>().join(", ")
            }
            Self::Record { gate, .. } => format!("looked at the record of {gate} again"),
        }
    }
}

/// The divergence finding (97.10): what happened, and what differs from the baseline now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Divergence {
    /// What happened, in the writer's words.
    pub words: String,
    /// The runbook's identifier.
    pub runbook: String,
    /// The digest of its files.
    pub runbook_digest: Digest,
    /// The affected steps: a restart begins at STEP 0 of each.
    pub steps: Vec<StepId>,
    /// The gates of the runbook, as they stand in it.
    pub gates: Vec<RestartGate>,
    /// The baseline that was compared with.
    pub baseline: Digest,
    /// When it was looked at, by the server's clock.
    pub taken_at: Timestamp,
    /// How many checks and conditions were looked at.
    pub looked_at: u32,
    /// What was not as in the baseline, and every condition that still tripped; empty means that it is reconciled.
    pub differences: Vec<Difference>,
}

/// Something that is not as it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Difference {
    /// Whether it is a check or a stop condition.
    pub of: DifferenceOf,
    /// Its identifier in the runbook.
    pub id: String,
    /// What it is about, in one sentence.
    pub title: String,
    /// What is expected.
    pub expected: String,
    /// What was answered.
    pub actual: Reading,
}

/// What a difference was seen by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DifferenceOf {
    /// A check.
    Check,
    /// A stop condition.
    Condition,
}

/// What the sovereign says about one step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepVerdict {
    /// The step.
    pub step: StepId,
    /// Re-confirmed or revoked.
    pub verdict: Authorisation,
    /// What the runbook's question about the step's authorisation answered; `None` when the runbook asks none.
    pub record: Option<Reading>,
}

/// Whether a step may still be built.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Authorisation {
    /// The authorisation stands.
    Reconfirmed,
    /// The authorisation is taken back: the step may be reversed, never built.
    Revoked,
}

impl Authorisation {
    /// Returns the word of it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Reconfirmed => "re-confirmed",
            Self::Revoked => "revoked",
        }
    }
}

impl RestartPaper {
    /// Returns the text that is signed.
    ///
    /// # Panics
    /// Never: a paper is made of texts and small numbers.
    #[must_use]
    pub fn text(&self) -> String {
        canonical(self).expect("BUG: a paper of a restart has no canonical text")
    }
}

impl Divergence {
    /// Returns the record gates that must be met: those of the runbook, or [`COUNCIL`] when it declares none.
    #[must_use]
    pub fn record_gates(&self) -> Vec<&str> {
        let declared = self.gates.iter().filter(|gate| matches!(gate.by, RestartBy::Record { .. }));
        let declared: Vec<&str> = declared.map(|gate| gate.id.as_str()).collect();
        if declared.is_empty() { vec![COUNCIL] } else { declared }
    }

    fn gate(&self, id: &str) -> Option<&RestartGate> {
        self.gates.iter().find(|gate| gate.id == id)
    }

    /// Says what is wrong with this finding for a stop that is about these steps (none means that nobody knows).
    pub(super) fn fault(&self, steps: &BTreeSet<StepId>) -> Option<String> {
        if self.words.trim().is_empty() {
            return Some("it does not say what happened".to_owned());
        }
        if self.steps.is_empty() {
            return Some("it names no step".to_owned());
        }
        let left_out: Vec<&str> = steps.iter().filter(|step| !self.steps.contains(step)).map(StepId::as_str).collect();
        if !left_out.is_empty() {
            return Some(format!("the stop is about {}, which it does not name", left_out.join(", ")));
        }
        // What nobody could see is not known, and what is not known cannot be accepted (D-51).
        let blind = self.differences.iter().find_map(|it| match &it.actual {
            Reading::Blind(reason) => Some(format!("{} could not be seen: {reason}", it.id)),
            Reading::Value(_) => None,
        });
        blind.or_else(|| (self.looked_at == 0).then(|| "it looked at nothing".to_owned()))
    }

    /// Says what is wrong with the sovereign's verdicts.
    pub(super) fn fault_of_verdicts(&self, verdicts: &[StepVerdict], reason: &str) -> Option<String> {
        if reason.trim().is_empty() {
            return Some("it gives no reason".to_owned());
        }
        let mut named = BTreeSet::new();
        if let Some(twice) = verdicts.iter().find(|it| !named.insert(&it.step)) {
            return Some(format!("it speaks of {} twice", twice.step));
        }
        if let Some(step) = self.steps.iter().find(|step| !named.contains(step)) {
            return Some(format!("it does not speak of {step}"));
        }
        if let Some(other) = verdicts.iter().find(|it| !self.steps.contains(&it.step)) {
            return Some(format!("{} is not among the affected steps", other.step));
        }
        let asked = self.gates.iter().find_map(|gate| match &gate.by {
            RestartBy::Sovereign { record: Some(record) } => Some(&record.expect),
            RestartBy::Sovereign { record: None } | RestartBy::Reconciliation | RestartBy::Record { .. } => None,
        })?;
        verdicts.iter().find_map(|it| it.fault(asked))
    }

    /// Says what is wrong with what somebody says of a record.
    pub(super) fn fault_of_record(&self, gate: &str, answer: &Reading, words: &str) -> Option<String> {
        if words.trim().is_empty() {
            return Some("it does not say what the person saw".to_owned());
        }
        if !self.record_gates().contains(&gate) {
            return Some(format!("`{gate}` is no record gate of the runbook"));
        }
        match self.gate(gate).map(|gate| &gate.by) {
            Some(RestartBy::Record { sql: _, expect }) if judge(expect, None, answer).0 != Verdict::Same => {
                Some(format!("the record: expected {}, actual {}", describe(expect, None), in_words(answer)))
            }
            _ => None,
        }
    }
}

impl StepVerdict {
    /// D-62: what the sovereign says must be what the live record says.
    fn fault(&self, expect: &Expectation) -> Option<String> {
        let Some(record) = &self.record else { return Some(format!("it holds no record of {}", self.step)) };
        let expected = describe(expect, None);
        let needed = match judge(expect, None, record).0 {
            Verdict::Same | Verdict::Grown => Authorisation::Reconfirmed,
            Verdict::Drifted | Verdict::Missing => Authorisation::Revoked,
            Verdict::Blind => {
                return Some(format!("the record of {} cannot be seen: {}", self.step, in_words(record)));
            }
        };
        (self.verdict != needed).then(|| {
            format!(
                "{} is {}, but its record says otherwise: {}, where {expected} means that it is authorised",
                self.step,
                self.verdict.as_str(),
                in_words(record)
            )
        })
    }
}

pub(super) fn in_words(reading: &Reading) -> String {
    match reading {
        Reading::Value(Some(value)) => value.clone(),
        Reading::Value(None) => "absent".to_owned(),
        Reading::Blind(reason) => format!("blind ({reason})"),
    }
}
