//! The decision tree of 97.1, a pure function of facts.

use serde::{Deserialize, Serialize};

use super::{Dependant, Facts};
use crate::runbook::StepId;

/// Which branch of the tree holds (D-11).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Nothing to reverse.
    NotApplied,
    /// 97.3: committed, nothing depends on it.
    Isolated,
    /// 97.4: something depends on it; that goes first.
    Ordered,
    /// 97.2: still open in another session.
    InTransaction,
    /// 97.10: disaster stop.
    Stop,
}

/// The branch for every step, and for the runbook as a whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diagnosis {
    /// The gravest of the steps' modes; stop conditions and throughout checks make it Stop.
    pub mode: Mode,
    /// The facts that decided `mode`, in sentences.
    pub evidence: Vec<String>,
    /// Why everything stops; empty when nothing does.
    pub stop: Vec<String>,
    /// One entry a step, in build order.
    pub steps: Vec<StepDiagnosis>,
    /// The facts it was made from.
    pub facts: Facts,
}

/// The branch for one step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepDiagnosis {
    /// The step.
    pub step: StepId,
    /// Its branch.
    pub mode: Mode,
    /// The facts that decided it, in sentences.
    pub evidence: Vec<String>,
    /// What must go first, for `Ordered`.
    pub first: Vec<Dependant>,
    /// The path through the tree, for drawing it with the fact behind every turn (D-12).
    pub path: Vec<Turn>,
}

/// One turn in the tree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Turn {
    /// The question asked.
    pub question: String,
    /// `yes`, `no`, or `unknown`.
    pub answer: String,
    /// The fact behind the answer.
    pub fact: String,
}

/// Walks the tree.
#[must_use]
pub fn diagnose(facts: Facts) -> Diagnosis {
    todo!("{facts:?}")
}
