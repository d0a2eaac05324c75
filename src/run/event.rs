//! What the machine asks for, and what it is told.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::Finished;
use crate::approval::{Countersigned, RosterDeed, check_roster};
use crate::census::{Census, Question, Target};
use crate::ledger::Body;
use crate::restore::{CopyEnd, DifferenceSum, Restore};
use crate::runbook::{ObjectName, Principal, StepId};

/// What the machine wants done next. One at a time; the answer comes back as an [`Event`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Append an entry on a connection of its own and wait until it is committed → [`Event::Appended`].
    AppendApart(Body),
    /// Open a fresh, direct connection and read who and where it is → [`Event::Connected`].
    Connect {
        /// Whether the ledger must be there, and writable.
        needs_ledger: bool,
        /// The role that the login must be, or be a member of; `None` when the plan names the login itself.
        run_as: Option<String>,
    },
    /// Send exactly this text as one message → [`Event::Answered`].
    Send {
        /// The text.
        sql: String,
        /// What it is for.
        purpose: Purpose,
    },
    /// Ask every question in one statement on the transaction's own connection → [`Event::CensusTaken`].
    TakeCensus(Vec<Question>),
    /// Load the rows of the dump into the restore's temporary table → [`Event::DumpLoaded`].
    LoadDump(Box<Restore>),
    /// Read the difference between the dump and the table, ordered by key → [`Event::DifferenceRead`].
    ReadDifference(Box<Restore>),
    /// Read which stops and withdrawals the ledger holds, inside the transaction → [`Event::LedgerRead`].
    ReadLedger,
    /// Append an entry inside the transaction → [`Event::Appended`].
    AppendInside(Body),
    /// Send COMMIT on its own and read its tag → [`Event::Answered`].
    Commit,
    /// Send ROLLBACK, then close the connection → [`Event::Answered`] or [`Event::Lost`].
    Rollback,
    /// Close the connection and take the census on another fresh one → [`Event::CensusTaken`].
    TakeCensusAfter(Vec<Question>),
    /// It is over.
    Done(Box<Finished>),
}

/// What a message of the machine is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Reading the values of the sequences before BEGIN. Rows: `id, value`.
    Sequences,
    /// BEGIN.
    Begin,
    /// A SET LOCAL of the pinned settings.
    Pin,
    /// Reading the settings back: one row a setting, name and value.
    AssertSettings,
    /// Taking the target's mutex row.
    Mutex,
    /// Locking the scoped shared tables.
    LockTables,
    /// Opening a stage at the ledger's gate, which locks the scoped shared tables too.
    OpenGate,
    /// Comparing a dump with its table: making the temporary tables, and counting what differs still.
    Restore,
    /// A statement of the plan: stage from 0, statement from 0.
    Statement {
        /// The stage.
        stage: usize,
        /// The statement in it.
        statement: usize,
    },
    /// Reading the names of the relations there are, before anything is dropped. Rows: `oid, schema, name`.
    Names,
    /// When a stage begins: sessions that hold locks it would wait for. Rows as [`super::bystander_of`] reads them.
    Holders,
    /// After a statement: the transaction's id and locks, and who waits for them. Rows: `xid, relation oid, schema, name,
    /// mode`, then `pid, role, application, state, since, statement` of a session that waits.
    LookAround,
    /// SET CONSTRAINTS ALL IMMEDIATE.
    Constraints,
    /// Reading the server's books of the transaction: what it has written, dropped, altered, locked, moved.
    Books,
    /// Asking whether transactions that wrote what the books show are parts of ours. Rows: `xid, status`.
    Attribute,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The machine was started.
    Start,
    /// An entry was appended.
    Appended,
    /// A connection was opened.
    Connected {
        /// Where it leads, as whom.
        target: Target,
        /// The backend's process id.
        pid: i32,
        /// When the backend started, as the server writes it.
        backend_start: String,
        /// The role of the step, when the login is that role or was given its rights.
        acts_as: Option<String>,
        /// What the role cannot see; empty when it sees enough.
        blind: Vec<String>,
    },
    /// The server answered a message.
    Answered(Reply),
    /// A census was taken.
    CensusTaken(Census),
    /// The dump's rows were loaded.
    DumpLoaded(CopyEnd),
    /// The difference was read.
    DifferenceRead(DifferenceSum),
    /// The ledger was read.
    LedgerRead(LedgerGate),
    /// Something failed before anything could be in doubt: could not connect, ledger refused, census unreadable.
    Failed(String),
    /// The connection was lost while waiting for the answer.
    Lost(String),
    /// A person asked to cancel.
    Cancelled,
}

/// What the server said to one message.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reply {
    /// The command tags in order; more than one means the text held more than one statement.
    pub tags: Vec<String>,
    /// Rows returned, as text.
    pub rows: Vec<Vec<Option<String>>>,
    /// Notices in order.
    pub notices: Vec<Notice>,
    /// The error, when there was one.
    pub error: Option<ServerError>,
    /// `I`dle, in `T`ransaction, or `E`rror, from `ReadyForQuery`.
    pub status: TransactionStatus,
    /// Sessions that held the lock it waited for, when it waited long enough to ask.
    #[serde(default)]
    pub blockers: Vec<Bystander>,
    /// How long it took, in milliseconds, by the client's clock.
    pub duration_millis: u32,
}

/// What `ReadyForQuery` said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TransactionStatus {
    /// No transaction is open.
    #[default]
    Idle,
    /// A transaction is open and well.
    InTransaction,
    /// A transaction is open and failed.
    Failed,
}

/// A notice from the server: evidence (D-32).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Notice {
    /// `NOTICE`, `WARNING` …, never translated.
    pub severity: String,
    /// SQLSTATE.
    pub code: String,
    /// The message.
    pub message: String,
}

/// An error from the server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServerError {
    /// SQLSTATE.
    pub code: String,
    /// The message.
    pub message: String,
    /// Detail, when given.
    pub detail: Option<String>,
    /// Hint, when given.
    pub hint: Option<String>,
}

/// What the ledger says about this run, read inside the transaction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LedgerGate {
    /// The reason of a stop that holds.
    pub stop: Option<String>,
    /// Why the request may no longer run: withdrawn, rejected, used.
    pub void: Option<String>,
    /// Everybody who withdrew an approval of it at any time: a run that counted one of them does not commit (D-74).
    pub withdrawn: BTreeSet<Principal>,
    /// What was done about the roster: a run under a version that is no longer in force does not commit (D-72).
    pub rosters: Vec<RosterDeed>,
}

impl LedgerGate {
    /// Says what forbids the run of what two people signed: a stop, a void request, an approval that counted and was
    /// withdrawn since (D-74), or a roster that is no longer in force (D-72).
    #[must_use]
    pub fn forbids(self, countersigned: &Countersigned) -> Option<String> {
        let Self { stop, void, withdrawn, rosters } = self;
        let roster = || check_roster(countersigned.plan().plan(), &rosters).err().map(|refusal| refusal.to_string());
        let mut counted = countersigned.approvals().iter().map(|signed| &signed.principal);
        let since = counted.find(|principal| withdrawn.contains(principal));
        let withdrew = || since.map(|principal| format!("{principal} has withdrawn the approval"));
        stop.or(void).or_else(withdrew).or_else(roster)
    }
}

/// What was sent and answered, kept as evidence.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trace {
    /// One entry a statement that was sent.
    pub statements: Vec<StatementTrace>,
    /// One entry a stage that was begun.
    pub stages: Vec<StageTrace>,
}

/// One stage's evidence beyond its statements' own answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StageTrace {
    /// The step.
    pub step: StepId,
    /// Sessions that held locks on the stage's objects when it began: whom it would wait for.
    pub holders: Vec<Bystander>,
    /// What it did, as the server's own books tell it; side effects of triggers included.
    pub effects: Vec<Effect>,
}

/// Something a stage did, whoever asked for it: a statement, a trigger, a foreign key's action.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Effect {
    /// What it happened to.
    pub object: ObjectName,
    /// What happened.
    pub what: EffectKind,
    /// Whether the plan knows of it.
    pub standing: Standing,
}

/// What happened to an object. Numbers are text, because canonical JSON rounds those above 2^53.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum EffectKind {
    /// Rows of a table were written.
    Rows {
        /// Rows inserted.
        inserted: String,
        /// Rows updated.
        updated: String,
        /// Rows deleted.
        deleted: String,
    },
    /// A table was emptied or rewritten.
    Rewritten,
    /// It was created.
    Created,
    /// Its definition changed.
    Altered,
    /// It was dropped.
    Dropped,
    /// A sequence moved; this survives ROLLBACK.
    Moved {
        /// Its last value before; empty when not known.
        from: String,
        /// Its last value after; empty when not known.
        to: String,
    },
    /// An advisory lock was taken.
    AdvisoryLock,
    /// A transaction was prepared; it lives on by itself.
    Prepared,
}

/// Whether the plan knows of an effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// A statement names the object.
    Named,
    /// The runbook declares the object, and no statement of the stage names it.
    Declared,
    /// Nobody declared it, or it is protected: the stage rolls back.
    Undeclared,
}

/// Another session that stands in the way, or in whose way the run stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bystander {
    /// Its backend's process id.
    pub pid: i32,
    /// Its role.
    pub role: String,
    /// Its application's name; may be empty.
    pub application: String,
    /// Its state, such as `idle in transaction`.
    pub state: String,
    /// When its transaction began, as the server writes it.
    pub since: String,
    /// The relation in question, where it is known.
    pub relation: Option<ObjectName>,
    /// The lock mode it holds or wants, such as `AccessShareLock`.
    pub mode: String,
    /// The beginning of its last statement.
    pub statement: String,
}

/// One statement's evidence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatementTrace {
    /// The step.
    pub step: StepId,
    /// The statement's ordinal in its script, from 1.
    pub ordinal: u32,
    /// The tag the server answered; empty after an error.
    pub tag: String,
    /// Rows affected, when the tag counts them.
    pub rows: Option<String>,
    /// Duration in milliseconds.
    pub duration_millis: u32,
    /// Notices in order.
    pub notices: Vec<Notice>,
    /// Locks newly held after it, the strongest first.
    pub locks: Vec<HeldLock>,
    /// Sessions that wait for a lock of ours after it.
    pub waiting: Vec<Bystander>,
    /// Sessions that held the lock it waited for, when it waited long enough to ask.
    pub blockers: Vec<Bystander>,
    /// Why it was not as expected.
    pub surprise: Option<String>,
}

/// A lock our transaction holds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeldLock {
    /// The relation.
    pub relation: ObjectName,
    /// The mode, such as `AccessExclusiveLock`.
    pub mode: String,
}
