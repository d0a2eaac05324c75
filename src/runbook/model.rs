//! The runbook as the rooms know it: what it declares, already checked for form.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{CheckId, ObjectName, Principal, StepId};
use crate::digest::Digest;

/// A whole runbook: policy, objects, checks, steps, stop conditions and restart gates.
#[derive(Clone, Debug, PartialEq)]
pub struct Runbook {
    /// Short identifier, such as `phase1-governance`.
    pub id: String,
    /// One line for people.
    pub title: String,
    /// The author's version of the text, such as `2026-06-01`.
    pub version: String,
    /// Where the rules come from, cited in findings.
    pub source: String,
    /// The last editor; he or she may not approve (D-70).
    pub edited_by: Option<Principal>,
    /// The database this runbook is for.
    pub target: TargetRule,
    /// The three timeouts of every transaction (D-4).
    pub timeouts: Timeouts,
    /// Who must agree, and for how long that holds.
    pub policy: Policy,
    /// Every object a script may touch, with its class (D-29).
    pub objects: Vec<Object>,
    /// Values bound at staging (D-21).
    pub parameters: Vec<Parameter>,
    /// Read-only questions with their expectations (D-50).
    pub checks: Vec<Check>,
    /// The components in build order (`position` ascending).
    pub steps: Vec<Step>,
    /// Disaster-stop conditions as data (D-60).
    pub stops: Vec<StopCondition>,
    /// What must hold before a restart (D-62).
    pub restart: Vec<RestartGate>,
    /// The people, from `roster.toml`; `None` when the folder holds none that can be read.
    pub roster: Option<crate::approval::Roster>,
    /// SHA-256 over every file of the runbook except the roster (path, length and bytes, in path order).
    pub digest: Digest,
}

/// The database a runbook may be run on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetRule {
    /// Required database name.
    pub database: String,
    /// The schema that unqualified names mean; `search_path` is pinned to it, `pg_catalog` first and `pg_temp` last.
    pub schema: String,
}

/// The three timeouts, in milliseconds; each is at least 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timeouts {
    /// How long a statement may wait for a lock.
    pub lock_millis: u32,
    /// How long one statement may run.
    pub statement_millis: u32,
    /// How long the transaction may sit idle.
    pub idle_in_transaction_millis: u32,
}

/// Who must agree, and for how long.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// Distinct people needed; never below 2 (D-70).
    pub approvals: u32,
    /// How old a rehearsal may be when the run begins, in seconds.
    pub rehearsal_max_age_seconds: u32,
    /// How long a request stays open for approval and run, in seconds.
    pub approval_valid_seconds: u32,
}

/// A database object and the class it belongs to; exactly one class an object (D-29).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Object {
    /// Its schema-qualified name.
    pub name: ObjectName,
    /// What it is in the catalog.
    pub kind: ObjectKind,
    /// What a reversal may do to it.
    pub class: ObjectClass,
    /// The steps that create it or write to it.
    pub steps: Vec<StepId>,
    /// Set when the object belongs to a later phase: no script of this runbook may touch it (D-28).
    pub later_phase: bool,
    /// Set when the build may leave it out: its absence says nothing of the step.
    pub optional: bool,
}

/// What an object is in the catalog.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ObjectKind {
    /// A table, partitioned or not, foreign ones too.
    Table,
    /// A view.
    View,
    /// A materialized view.
    MaterializedView,
    /// A sequence.
    Sequence,
    /// An index.
    Index,
    /// A function or procedure, named without its arguments.
    Function,
    /// A trigger, named `schema.relation.trigger`.
    Trigger,
    /// A column that this phase added to a table that was there, named `schema.table.column`.
    Column,
    /// A constraint that this phase added to a table that was there, named `schema.table.constraint`.
    Constraint,
    /// An event trigger.
    EventTrigger,
    /// A type or domain.
    Type,
    /// A schema.
    Schema,
    /// An extension.
    Extension,
}

/// What a reversal may do to an object (D-29).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "class")]
pub enum ObjectClass {
    /// Created by this phase: DROP is allowed (D-3).
    Greenfield,
    /// Reused: DELETE and UPDATE only inside the key (D-28). The key is a SQL predicate.
    Shared {
        /// A SQL predicate over the table's columns; it may hold `:'parameter'`.
        key: String,
    },
    /// Rows are retired by UPDATE, never deleted (D-22). The key is a SQL predicate.
    RetireOnly {
        /// A SQL predicate that every UPDATE must imply; empty when any row may be retired.
        key: String,
    },
    /// No write at all.
    Protected,
    /// No write by a reversal; its count may grow by organic traffic (D-50).
    Growing,
}

/// A value that is bound when a reversal is staged (D-21).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parameter {
    /// The name, as in `:'name'`.
    pub name: String,
    /// Its type.
    pub kind: ParameterKind,
    /// One sentence for the person who binds it.
    pub description: String,
    /// For text: values allowed; empty means any.
    pub allowed: Vec<String>,
}

/// Types a parameter may have; each is checked before anything is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ParameterKind {
    /// Any text without NUL.
    Text,
    /// A 64-bit signed integer.
    Integer,
    /// A decimal number.
    Numeric,
    /// `true` or `false`.
    Boolean,
    /// A UUID.
    Uuid,
    /// A date, `YYYY-MM-DD`.
    Date,
    /// An instant, RFC 3339.
    Timestamp,
}

/// One read-only question and its expectation (D-50, D-52).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// Short identifier.
    pub id: CheckId,
    /// One line for people.
    pub title: String,
    /// The object it speaks of, for grouping; organic growth is allowed only on [`ObjectClass::Growing`].
    pub object: Option<ObjectName>,
    /// What is asked.
    pub query: Query,
    /// What must hold once a step in `steps` has been reversed.
    pub expect: Expectation,
    /// The steps whose reversal this check verifies; empty means it holds throughout.
    pub steps: Vec<StepId>,
    /// Expectations that replace `expect` while the named step is being verified.
    pub per_step: BTreeMap<StepId, Expectation>,
    /// The answer that was accepted in a restart, of a check that holds throughout: this very one passes. No runbook can
    /// write it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted: Option<AcceptedAnswer>,
    /// How long it may take in a census, in milliseconds, before it is blind; nothing is half a minute. Inside a run all checks
    /// share the statement's own time limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit_millis: Option<u32>,
}

/// What a check asks: its own SQL, or the definition of an object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Query {
    /// A SELECT with exactly one column; several rows are read as lines.
    Sql(String),
    /// The catalog definition of a declared object: columns, constraints, indexes, triggers, or source text.
    Definition(ObjectName, ObjectKind),
    /// The rows of a small result, compared row by row.
    Rows {
        /// A SELECT of several columns.
        sql: String,
        /// The columns that tell one row from another.
        key: Vec<String>,
    },
    /// The fingerprint of whole schemas: every object in them with its definition, compared object by object.
    Catalog(Vec<String>),
}

impl Query {
    /// Returns the SQL that the runbook's author wrote; nothing for a definition, whose SQL is this program's.
    #[must_use]
    pub fn written(&self) -> Option<&str> {
        match self {
            Self::Sql(sql) | Self::Rows { sql, key: _ } => Some(sql),
            Self::Definition(_, _) | Self::Catalog(_) => None,
        }
    }
}

/// What a check expects (D-50).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Expectation {
    /// Exactly this value.
    Equals(String),
    /// One of several named states; checks that share a branch name must agree on it.
    OneOf(Vec<Branch>),
    /// NULL, or no row.
    Absent,
    /// Any value but NULL.
    Present,
    /// The baseline's value.
    Unchanged,
    /// Never below the baseline's value; only on objects classed growing.
    Grows,
    /// This text, shown as a diff when it differs; trailing white space does not count.
    Text(String),
}

/// One named state of a `one_of` expectation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Branch {
    /// Its name, shared by the checks that must agree.
    pub name: String,
    /// The value in that state.
    pub value: String,
}

/// A component of the forward build and the script that undoes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Its name, such as `SB-12`.
    pub id: StepId,
    /// Its place in the build order, from 1.
    pub position: u32,
    /// One line for people.
    pub title: String,
    /// The section of the source that orders this reversal, such as `97.3`.
    pub section: String,
    /// The script that built it, when the folder holds it.
    pub build: Option<Script>,
    /// The script that undoes it: a body without BEGIN and COMMIT.
    pub reversal: Script,
    /// Steps that this step needs in place, beyond what the catalog shows: they are reversed after it.
    pub depends_on: Vec<StepId>,
    /// Queries that answer a count above 0 while the step's rows are in place.
    pub traces: Vec<Trace>,
    /// Rules for single statements of `reversal`, by ordinal from 1.
    pub statements: BTreeMap<u32, StatementRule>,
}

/// A SQL file of the runbook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    /// Its path inside the folder.
    pub path: String,
    /// Its text, byte for byte.
    pub text: String,
}

/// A sign that a step has been applied: rows it left in a table it did not create.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trace {
    /// What the count is of.
    pub title: String,
    /// A SELECT with one numeric column and one row.
    pub sql: String,
}

/// What one statement must do (D-23).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatementRule {
    /// Rows it must affect; `None` for statements that count no rows.
    pub rows: Option<RowsExpected>,
    /// Notices it is expected to raise (D-32); any other notice rolls back.
    pub notices: Vec<NoticeExpected>,
    /// Hazards the author waives, with the reason.
    pub waivers: Vec<Waiver>,
}

/// Rows a statement must affect (D-23).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RowsExpected {
    /// Exactly this many.
    Exactly(u64),
    /// This many or fewer.
    AtMost(u64),
    /// Any number, for the reason given.
    Any {
        /// Why no number can be named.
        reason: String,
    },
}

impl RowsExpected {
    /// Says what rows a statement must affect.
    #[must_use]
    pub fn in_words(rows: Option<&Self>) -> String {
        match rows {
            None => "counts no rows".to_owned(),
            Some(Self::Exactly(1)) => "exactly 1 row".to_owned(),
            Some(Self::Exactly(count)) => format!("exactly {count} rows"),
            Some(Self::AtMost(count)) => format!("at most {count} rows"),
            Some(Self::Any { reason }) => format!("any number of rows: {reason}"),
        }
    }
}

/// A notice a statement is expected to raise (D-32).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoticeExpected {
    /// `NOTICE`, `WARNING` …
    pub severity: String,
    /// Text its message must contain.
    pub contains: String,
    /// How often it must come, at least 1.
    pub times: u32,
}

/// A hazard note the author waives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiver {
    /// The rule waived.
    pub rule: String,
    /// Why.
    pub reason: String,
}

/// A disaster-stop condition: it trips when its expectation does not hold (D-60).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StopCondition {
    /// Short identifier, such as `event-emitted`.
    pub id: String,
    /// What has happened when it trips, in one sentence.
    pub title: String,
    /// How it is seen.
    pub sign: StopSign,
    /// The steps it is about; empty means those its answer names, or all. Left out of a plan's text when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<StepId>,
    /// A SELECT of one column that shows the rows behind it, asked once it has tripped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<String>,
    /// The answer that was accepted in a restart: this very one does not trip again. No runbook can write it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted: Option<AcceptedAnswer>,
}

impl StopCondition {
    /// Returns whether this answer was accepted in a restart.
    #[must_use]
    pub fn accepts(&self, answer: Option<&str>) -> bool {
        self.accepted.as_ref().is_some_and(|accepted| accepted.answer.as_deref() == answer)
    }
}

/// An answer that the sovereign accepted in a restart (D-62).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AcceptedAnswer {
    /// What was answered; `None` is NULL or no row.
    pub answer: Option<String>,
    /// The ledger entry of the restart.
    pub restart: u64,
}

/// How a stop condition is seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopSign {
    /// A query whose expectation fails.
    Query {
        /// What is asked.
        query: Query,
        /// What holds while all is well.
        expect: Expectation,
    },
    /// A server error during a run whose message contains this text.
    ErrorContains(String),
}

/// What must hold before a restart (D-62).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestartGate {
    /// Short identifier.
    pub id: String,
    /// What must be true, in one sentence.
    pub title: String,
    /// How it is met.
    pub by: RestartBy,
}

/// How a restart gate is met.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RestartBy {
    /// A signed divergence finding that names a reconciliation.
    Reconciliation,
    /// A signature of somebody with the role `sovereign`, about each affected step.
    Sovereign {
        /// What must be held against the signature, a step at a time.
        record: Option<StepRecord>,
    },
    /// A query that must hold, and a named signature.
    Record {
        /// What is asked.
        sql: String,
        /// What it must answer.
        expect: Expectation,
    },
}

/// A question about one step's authorisation, and the answer that means that it is authorised.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepRecord {
    /// What is asked; `$1` in it is the step.
    pub sql: String,
    /// What it answers while the step is authorised.
    pub expect: Expectation,
}

/// A problem in a runbook folder: where it is and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diagnostic {
    /// The file's path inside the folder.
    pub file: String,
    /// The line, from 1; 0 when the file as a whole is meant.
    pub line: u32,
    /// The column in characters, from 1; 0 with `line` 0.
    pub column: u32,
    /// Whether the runbook can be used in spite of it.
    pub severity: DiagnosticSeverity,
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub hint: String,
}

/// Whether a runbook can be used in spite of a problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DiagnosticSeverity {
    /// It can; the author should know.
    Warning,
    /// Nothing may be sealed from it.
    Error,
}

impl Runbook {
    /// Finds a step by its name.
    #[must_use]
    pub fn step(&self, id: &StepId) -> Option<&Step> {
        self.steps.iter().find(|step| step.id == *id)
    }

    /// Finds a declared object by its name.
    #[must_use]
    pub fn object(&self, name: &ObjectName) -> Option<&Object> {
        self.objects.iter().find(|object| object.name == *name)
    }
}
