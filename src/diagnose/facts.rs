//! What was seen: presence, rows, dependants, open transactions, stop conditions (D-10).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::census::{Reading, Row};
use crate::runbook::{ObjectName, StepId};

/// Everything the decision tree looks at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// When it was read, by the server's clock.
    pub read_at: Timestamp,
    /// One entry a step, in build order.
    pub steps: Vec<StepFacts>,
    /// Other sessions' open transactions that write to declared or not yet visible relations.
    pub open: Vec<OpenTransaction>,
    /// Each stop condition and what it answered.
    pub conditions: Vec<ConditionFact>,
    /// Checks that must hold throughout, compared with the baseline.
    pub throughout: Vec<Row>,
    /// What could not be read, each with its reason.
    pub unreadable: Vec<String>,
}

/// What was seen of one step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepFacts {
    /// The step.
    pub step: StepId,
    /// Its greenfield objects, and whether each is there.
    pub objects: Vec<(ObjectName, bool)>,
    /// Rows it left in tables it did not create: title and count.
    pub traces: Vec<(String, Reading)>,
    /// What depends on its objects and is not itself part of this step.
    pub dependants: Vec<Dependant>,
    /// Every object it creates or writes to; an open transaction on one of them is about this step.
    pub writes: Vec<ObjectName>,
}

/// Something in the catalog that depends on a step's object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Dependant {
    /// What depends.
    pub name: ObjectName,
    /// What it depends on.
    pub on: ObjectName,
    /// `foreign key`, `view`, `inheritance`, `trigger`, `declared`, or another dependency kind by its word.
    pub by: String,
    /// The step it belongs to; `None` when the runbook does not declare it.
    pub step: Option<StepId>,
}

/// Another session's open transaction (D-15).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenTransaction {
    /// The backend; 0 for a prepared transaction.
    pub pid: i32,
    /// The user.
    pub user: String,
    /// Its `application_name`.
    pub application: String,
    /// `idle in transaction`, `active`, `prepared` …
    pub state: String,
    /// When the backend started; with `pid` it names one session for ever.
    pub backend_start: Option<Timestamp>,
    /// When the transaction began.
    pub xact_start: Option<Timestamp>,
    /// How long the transaction has been open, in seconds.
    pub age_seconds: i64,
    /// The last statement it sent.
    pub last_statement: String,
    /// Write locks it holds; a relation that only its own transaction can see yet is `None`.
    pub locks: Vec<(Option<ObjectName>, String)>,
}

/// A stop condition and whether it holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConditionFact {
    /// Its identifier.
    pub id: String,
    /// What has happened when it trips.
    pub title: String,
    /// What holds while all is well.
    pub expected: String,
    /// What was answered.
    pub actual: Reading,
    /// What follows.
    pub state: ConditionState,
}

/// Whether a stop condition has tripped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConditionState {
    /// All is well.
    Clear,
    /// It has tripped: disaster.
    Tripped,
    /// It cannot be seen; treated as tripped.
    Unknown,
}

/// Writes what to send to the owner of an open transaction (97.2): the owner's own ROLLBACK is the way out that changes
/// nothing, and no one else can send it.
#[must_use]
pub fn words_to_owner(session: &OpenTransaction, database: &str) -> String {
    let since = session
        .xact_start
        .map_or_else(|| "some time ago".to_owned(), |at| at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string());
    let objects: Vec<String> =
        session.locks.iter().filter_map(|(relation, _)| relation.as_ref().map(ToString::to_string)).collect();
    let holds = if objects.is_empty() { String::new() } else { format!(" and holds {}", objects.join(", ")) };
    if session.pid == 0 {
        return format!(
            "To {}: a transaction of yours on {database} has been prepared since {since}{holds}. Please run ROLLBACK PREPARED with \
             its name, as its owner. Do not commit it, and answer when it is done.",
            session.user
        );
    }
    format!(
        "To {}: your session {} ({}) on {database} has had a transaction open since {since}{holds}. Please send ROLLBACK; in that \
         very session. Do not send COMMIT, and do not close it in another way before. Answer when it is done.",
        session.user, session.pid, session.application
    )
}
