//! Baseline, expected and actual side by side, one verdict a row (D-50 … D-53).

use serde::{Deserialize, Serialize};

use super::{Baseline, Census, Reading};
use crate::runbook::{Check, CheckId, ObjectName, StepId};

/// What a row says (D-51). Only `Same` and `Grown` pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// As expected.
    Same,
    /// Above the baseline where growth is allowed.
    Grown,
    /// Another value than expected.
    Drifted,
    /// Expected to be there, and absent.
    Missing,
    /// The role cannot see enough to know.
    Blind,
}

/// One check: baseline, expected, actual, verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// The check.
    pub id: CheckId,
    /// One line for people.
    pub title: String,
    /// The object it speaks of.
    pub object: Option<ObjectName>,
    /// What was asked.
    pub sql: String,
    /// The baseline's answer; `None` when the baseline does not hold it.
    pub baseline: Option<Reading>,
    /// What is expected, in words: `6`, `absent`, `6 (never built) or 10 (retired)`, `at least 50000`.
    pub expected: String,
    /// What was answered.
    pub actual: Reading,
    /// What follows.
    pub verdict: Verdict,
    /// More about it: which branch held, how much it grew, why it is blind.
    pub remark: Option<String>,
}

/// All rows, in the runbook's order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Comparison {
    /// The rows.
    pub rows: Vec<Row>,
}

impl Comparison {
    /// Returns whether every row passes.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.rows.iter().all(|row| matches!(row.verdict, Verdict::Same | Verdict::Grown))
    }

    /// Returns the rows that do not pass.
    pub fn failures(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(|row| !matches!(row.verdict, Verdict::Same | Verdict::Grown))
    }
}

/// Which checks are compared, and with what.
#[derive(Clone, Copy, Debug)]
pub enum CompareScope<'a> {
    /// Every check, with its expectation of the fully reversed state.
    Everything,
    /// Checks of these steps and those that hold throughout; the others are left out.
    Steps(&'a [StepId]),
    /// As `Steps`, and every other check must be exactly as in this earlier census (a growing one: not below it).
    StepsAndHeld(&'a [StepId], &'a Census),
}

/// Compares.
#[must_use]
pub fn compare(checks: &[Check], baseline: Option<&Baseline>, census: &Census, scope: CompareScope<'_>) -> Comparison {
    let _ = (checks, baseline, census, scope);
    Comparison::default()
}
