//! The evidence of a finding: a request, a disaster stop, a restart, or two baselines.
//!
//! A request's evidence stands in the document as it always did. All later kinds are named by a key (`{"stop": …}`) and
//! hold the ledger entries they speak of word for word, each with the hash that the database gave it.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::FindingSubject;
use super::cited::Cited;
use crate::census::{Baseline, Comparison};
use crate::digest::Digest;
use crate::runbook::{Check, CheckId};

/// The evidence of a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A request, rehearsed or run.
    Request(Box<FindingSubject>),
    /// A disaster stop.
    Stop(Box<StopSubject>),
    /// A restart.
    Restart(Box<RestartSubject>),
    /// Two baselines.
    Comparison(Box<ComparisonSubject>),
}

/// The evidence about a disaster stop: its entry with everything that was seen, and the divergence finding signed about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StopSubject {
    /// The stop's ledger entry.
    pub stop: u64,
    /// The entries it follows from.
    pub cited: Cited,
}

/// The evidence about a restart: every stop that it lifted and every paper that counted, as they stand in the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RestartSubject {
    /// The ledger entry that met the last gate.
    pub restart: u64,
    /// The entries it follows from.
    pub cited: Cited,
}

/// Two baselines side by side, whole, so that anybody can compare them again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ComparisonSubject {
    /// The one that is compared with.
    pub left: Baseline,
    /// Its digest.
    pub left_digest: Digest,
    /// The one that is compared.
    pub right: Baseline,
    /// Its digest.
    pub right_digest: Digest,
    /// What was asked, as the runbook says it; of what no runbook is known for, only the name.
    pub checks: Vec<Check>,
    /// Checks that were left out, because somebody chose so.
    pub ignored: Vec<CheckId>,
    /// The comparison: the left one as the baseline, the right one as what is.
    pub comparison: Comparison,
    /// The entries that say who may sign.
    pub cited: Cited,
}

impl From<FindingSubject> for Subject {
    fn from(subject: FindingSubject) -> Self {
        Self::Request(Box::new(subject))
    }
}

impl From<StopSubject> for Subject {
    fn from(subject: StopSubject) -> Self {
        Self::Stop(Box::new(subject))
    }
}

impl From<RestartSubject> for Subject {
    fn from(subject: RestartSubject) -> Self {
        Self::Restart(Box::new(subject))
    }
}

impl From<ComparisonSubject> for Subject {
    fn from(subject: ComparisonSubject) -> Self {
        Self::Comparison(Box::new(subject))
    }
}

impl Serialize for Subject {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        const NAME: &str = "Subject";
        match self {
            Self::Request(subject) => subject.serialize(serializer),
            Self::Stop(subject) => serializer.serialize_newtype_variant(NAME, 1, "stop", subject),
            Self::Restart(subject) => serializer.serialize_newtype_variant(NAME, 2, "restart", subject),
            Self::Comparison(subject) => serializer.serialize_newtype_variant(NAME, 3, "comparison", subject),
        }
    }
}

/// The kinds that are named by a key.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Named {
    Stop(Box<StopSubject>),
    Restart(Box<RestartSubject>),
    Comparison(Box<ComparisonSubject>),
}

impl<'de> Deserialize<'de> for Subject {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = serde_json::Value::deserialize(deserializer)?;
        if value.get("plan").is_some() {
            return serde_json::from_value(value).map(Self::Request).map_err(D::Error::custom);
        }
        let named = serde_json::from_value(value).map_err(D::Error::custom)?;
        Ok(match named {
            Named::Stop(subject) => Self::Stop(subject),
            Named::Restart(subject) => Self::Restart(subject),
            Named::Comparison(subject) => Self::Comparison(subject),
        })
    }
}
