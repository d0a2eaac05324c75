//! How a run ended. Unknown is an answer.

use serde::{Deserialize, Serialize};

use super::Trace;
use crate::census::{Census, Comparison};
use crate::runbook::StepId;

/// How a run ended, as far as anybody can prove.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "outcome", deny_unknown_fields)]
pub enum Outcome {
    /// Every stage was committed.
    Committed,
    /// Nothing of the last stage was kept; the stages before it are named.
    RolledBack {
        /// Why.
        reason: String,
        /// Stages that had been committed before.
        committed: Vec<StepId>,
    },
    /// The answer to COMMIT was lost and nothing has proved it yet.
    Unknown {
        /// What proves it.
        token: RunToken,
        /// What was lost.
        reason: String,
        /// Stages that had been committed before.
        committed: Vec<StepId>,
    },
}

/// What a run leaves behind as evidence, kept in the ledger so that any desk can write the finding.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// What was sent and answered.
    pub trace: Trace,
    /// The comparison inside, one a stage that got so far.
    pub inside: Vec<Comparison>,
    /// The comparison after, on a fresh connection.
    pub after: Option<Comparison>,
    /// Why it did not go as planned.
    pub failure: Option<String>,
}

/// What is kept before COMMIT so that a lost answer can be proved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunToken {
    /// The run.
    pub run: String,
    /// The stage, from 0.
    pub stage: u32,
    /// `pg_current_xact_id()`.
    pub xid: String,
    /// The backend.
    pub pid: i32,
    /// When it started.
    pub backend_start: String,
    /// The server.
    pub system_identifier: String,
    /// The timeline.
    pub timeline: u32,
}

/// Everything a finished machine leaves behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finished {
    /// How it ended.
    pub outcome: Outcome,
    /// What was sent and answered.
    pub trace: Trace,
    /// The census inside, before the first statement.
    pub entry: Option<Census>,
    /// The comparison inside, one a stage that got so far.
    pub inside: Vec<Comparison>,
    /// The census after, on a fresh connection; `None` when it could not be taken.
    pub exit: Option<Census>,
    /// The comparison after.
    pub after: Option<Comparison>,
    /// A disaster-stop condition that tripped on the way: condition id and sentence.
    pub tripped: Option<(String, String)>,
    /// Why it did not go as planned; `None` when it did.
    pub failure: Option<String>,
    /// How long the transactions were open, in milliseconds, by the clock of the desk that drove them.
    pub duration_millis: u32,
}

impl Finished {
    /// Returns what is said of a run before anything was begun.
    #[must_use]
    pub fn not_begun() -> Self {
        Self {
            outcome: Outcome::RolledBack { reason: "nothing was begun".to_owned(), committed: Vec::new() },
            trace: Trace::default(),
            entry: None,
            inside: Vec::new(),
            exit: None,
            after: None,
            tripped: None,
            failure: None,
            duration_millis: 0,
        }
    }
}
