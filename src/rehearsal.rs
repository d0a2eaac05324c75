//! Takes the census before, the census after and the trace between; gives a [`Rehearsal`]; refuses any residue.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::census::{Census, Comparison, Reading};
use crate::digest::Digest;
use crate::run::Trace;
use crate::runbook::CheckId;

/// The format name of a [`Rehearsal`].
pub const REHEARSAL_FORMAT: &str = "countersign/rehearsal/1";

/// The plan run by the same machine, ended by ROLLBACK, with the proof that entry == exit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rehearsal {
    /// `countersign/rehearsal/1`.
    pub format: String,
    /// The plan that was rehearsed.
    pub plan_digest: Digest,
    /// When it ended, by the server's clock.
    pub taken_at: Timestamp,
    /// How long the transaction was open, in milliseconds.
    pub duration_millis: u32,
    /// What was sent and answered, statement by statement.
    pub trace: Trace,
    /// The comparison inside the transaction, one a stage.
    pub inside: Vec<Comparison>,
    /// The census before BEGIN.
    pub entry: Census,
    /// The census after ROLLBACK, on a fresh connection.
    pub exit: Census,
    /// What is different afterwards; empty when nothing was left behind.
    pub residue: Vec<Residue>,
    /// Why it did not pass; `None` when it did.
    pub failure: Option<String>,
}

/// Something that was not put back by ROLLBACK.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Residue {
    /// What differs.
    pub what: CheckId,
    /// Before BEGIN.
    pub entry: Option<Reading>,
    /// After ROLLBACK.
    pub exit: Option<Reading>,
}

impl Rehearsal {
    /// Returns whether everything was as planned and nothing was left behind.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.failure.is_none() && self.residue.is_empty()
    }
}
