//! The documents that are signed: plan and request.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::EndSession;
use crate::census::Target;
use crate::digest::Digest;
use crate::restore::Restore;
use crate::runbook::{
    Check, NoticeExpected, ObjectClass, ObjectName, ParameterKind, Policy, Principal, RowsExpected, StepId,
    StopCondition, Timeouts,
};

/// The format name of a [`Plan`].
pub const PLAN_FORMAT: &str = "countersign/plan/1";
/// The format name of a [`Request`].
pub const REQUEST_FORMAT: &str = "countersign/request/1";

/// Exactly what will run, where, and what must be true before, inside and after.
///
/// Numbers above 2^53 are written as text, because canonical JSON rounds them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// `countersign/plan/1`.
    pub format: String,
    /// 32 random hexadecimal digits: two plans are never the same.
    pub nonce: String,
    /// The runbook's identifier.
    pub runbook: String,
    /// The runbook's version.
    pub runbook_version: String,
    /// The digest of every file of the runbook.
    pub runbook_digest: Digest,
    /// The digest of the roster's text the signatures are checked against.
    pub roster_digest: Digest,
    /// The version under which that text is in force (D-72); 0 when no ledger holds it in force: then it is only rehearsed.
    pub roster_version: u32,
    /// The database it runs on, and as whom.
    pub target: Target,
    /// The role whose members may run it, each with a login of its own; without it only the login that rehearsed it,
    /// which is in `target`. Left out of the text when there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_as: Option<String>,
    /// What runs the statements when it is not the login itself. Left out of the text when there is nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub via: Option<Via>,
    /// The settings that are pinned for the transaction.
    pub settings: Settings,
    /// Who must agree, and for how long.
    pub policy: Policy,
    /// Values bound at staging.
    pub parameters: Vec<BoundParameter>,
    /// The objects the runbook declares: what the stages do besides is held against them (D-29).
    pub objects: Vec<DeclaredObject>,
    /// The stages in order; each is one transaction (D-27).
    pub stages: Vec<Stage>,
    /// Every check that is asked before, inside and after.
    pub checks: Vec<Check>,
    /// The conditions that stop everything.
    pub stops: Vec<StopCondition>,
    /// The digest of the baseline the checks are compared with.
    pub baseline_digest: Digest,
    /// The restore that the one stage of this plan is, for a plan that restores a table (D-43). Left out of the text when it
    /// reverses steps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restore: Option<Restore>,
    /// The session that this plan ends, for one that ends a session (D-15). Left out of the text when it runs statements.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_session: Option<EndSession>,
    /// Hazards of the review; an approval acknowledges each of them.
    pub hazards: Vec<Hazard>,
    /// Hazards that the author waives, each with the reason at the end of its message: shown, and not acknowledged one by
    /// one. Left out of the text when there is none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waived: Vec<Hazard>,
    /// Who asks for it; he or she may not approve (D-70).
    pub requester: Principal,
    /// Who last edited the runbook; he or she may not approve (D-70).
    pub editor: Option<Principal>,
    /// When it was sealed.
    pub sealed_at: Timestamp,
}

/// What runs a plan's statements in the login's stead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Via {
    /// The ledger's gate: PostgreSQL itself, as the role [`EXECUTOR`], once two people have approved.
    Gate,
}

/// The role as which the ledger's gate runs statements; nobody logs in as it.
pub const EXECUTOR: &str = "countersign_executor";

/// Settings pinned with SET LOCAL and asserted by reading them back (D-4).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The three timeouts.
    pub timeouts: Timeouts,
    /// The schema that unqualified names mean.
    pub schema: String,
    /// Every other setting that is set, with the value `pg_settings.setting` must answer.
    pub pinned: BTreeMap<String, String>,
    /// Settings that only a superuser may set, or that BEGIN sets: read back, never set.
    pub asserted: BTreeMap<String, String>,
}

impl Settings {
    /// Makes the settings of a transaction that resolves unqualified names in `schema`.
    #[must_use]
    pub fn new(timeouts: Timeouts, schema: &str) -> Self {
        let quoted = format!("\"{}\"", schema.replace('"', "\"\""));
        let pinned = [
            // pg_temp last, so that a temporary table can shadow nothing.
            ("search_path", format!("pg_catalog, {quoted}, pg_temp")),
            ("standard_conforming_strings", "on".to_owned()),
            // RLS becomes an error instead of a silent filter.
            ("row_security", "off".to_owned()),
            ("TimeZone", "UTC".to_owned()),
            ("DateStyle", "ISO, YMD".to_owned()),
            ("IntervalStyle", "postgres".to_owned()),
            ("extra_float_digits", "1".to_owned()),
            ("bytea_output", "hex".to_owned()),
            ("client_min_messages", "notice".to_owned()),
            ("synchronous_commit", "on".to_owned()),
        ];
        let asserted = [
            ("session_replication_role", "origin"),
            ("transaction_isolation", "read committed"),
            ("transaction_read_only", "off"),
        ];
        Self {
            timeouts,
            schema: schema.to_owned(),
            pinned: pinned.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
            asserted: asserted.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        }
    }

    /// Returns every setting that is set, timeouts in milliseconds included.
    #[must_use]
    pub fn to_set(&self) -> BTreeMap<String, String> {
        let Timeouts { lock_millis, statement_millis, idle_in_transaction_millis } = self.timeouts;
        let timeouts = [
            ("lock_timeout", lock_millis),
            ("statement_timeout", statement_millis),
            ("idle_in_transaction_session_timeout", idle_in_transaction_millis),
        ];
        let timeouts = timeouts.into_iter().map(|(name, millis)| (name.to_owned(), millis.to_string()));
        self.pinned.clone().into_iter().chain(timeouts).collect()
    }
}

/// A parameter with its value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BoundParameter {
    /// Its name.
    pub name: String,
    /// Its type.
    pub kind: ParameterKind,
    /// Its value as it was typed.
    pub value: String,
}

/// An object the runbook declares, as far as a run needs to know it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeclaredObject {
    /// Its name.
    pub name: ObjectName,
    /// Its class, without the key: a row's key cannot be read from a count.
    pub class: DeclaredClass,
}

/// The class of an object (D-29).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeclaredClass {
    /// Created by this phase.
    Greenfield,
    /// Reused; rows inside its key only.
    Shared,
    /// Reused; rows are updated, never deleted.
    RetireOnly,
    /// Never written to.
    Protected,
    /// Never written to by a statement; triggers and other traffic may add to it.
    Growing,
}

impl From<&ObjectClass> for DeclaredClass {
    fn from(class: &ObjectClass) -> Self {
        match class {
            ObjectClass::Greenfield => Self::Greenfield,
            ObjectClass::Shared { key: _ } => Self::Shared,
            ObjectClass::RetireOnly { key: _ } => Self::RetireOnly,
            ObjectClass::Protected => Self::Protected,
            ObjectClass::Growing => Self::Growing,
        }
    }
}

/// A change that a statement names: of what, and of what sort.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedChange {
    /// The statement's place in its script, from 1.
    pub statement: u32,
    /// The object.
    pub object: ObjectName,
    /// What the statement does to it.
    pub change: Change,
    /// Whether the command tag counts the rows: false for a write inside a WITH query.
    pub counted: bool,
}

/// What a statement does to an object it names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// It adds rows.
    Insert,
    /// It changes rows, or fills a materialized view anew.
    Update,
    /// It deletes rows.
    Delete,
    /// It empties the table.
    Empty,
    /// It creates or replaces the object.
    Create,
    /// It changes the definition.
    Alter,
    /// It puts a trigger, index, rule or policy on it, or takes one off.
    Attach,
    /// It drops the object.
    Drop,
}

/// One step's reversal: one transaction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stage {
    /// The step that is reversed.
    pub step: StepId,
    /// The script's path in the runbook.
    pub script: String,
    /// The statements in order.
    pub statements: Vec<PlannedStatement>,
    /// Tables locked before the census inside, in this fixed order.
    pub locked_tables: Vec<ObjectName>,
    /// Objects this stage removes; they must be absent afterwards.
    pub drops: Vec<ObjectName>,
    /// Changes the statements name: whatever else the stage does was done by a trigger, a rule, a key or a function.
    pub names: Vec<NamedChange>,
}

/// One statement and what it must do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlannedStatement {
    /// Its place in the script, from 1.
    pub ordinal: u32,
    /// Its first line in the script, from 1.
    pub line: u32,
    /// The exact bytes that are sent, parameters bound.
    pub sql: String,
    /// SHA-256 of `sql`.
    pub sha256: Digest,
    /// The command tag's word, such as `DELETE` or `DROP TABLE`.
    pub tag: String,
    /// Rows it must affect; `None` for a command that counts none.
    pub rows: Option<RowsExpected>,
    /// Notices it must raise; any other rolls back.
    pub notices: Vec<NoticeExpected>,
}

/// A hazard the reviewers acknowledge one by one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hazard {
    /// The rule that found it.
    pub rule: String,
    /// Where it is, as `file:line:column`, or the parameter whose value it is.
    pub place: String,
    /// What may happen.
    pub message: String,
}

/// What people sign: the plan, the rehearsal and the baseline by digest, and the time it holds.
///
/// Every signature is over the canonical bytes of this document, so that `ssh-keygen -Y sign` on the file does as well
/// as this program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// `countersign/request/1`.
    pub format: String,
    /// What is asked for.
    pub verb: Verb,
    /// The plan's nonce.
    pub nonce: String,
    /// The digest of the sealed plan.
    pub plan_digest: Digest,
    /// The digest of the rehearsal.
    pub rehearsal_digest: Digest,
    /// The digest of the baseline.
    pub baseline_digest: Digest,
    /// The database, for people: it is bound by the plan.
    pub database: String,
    /// The steps, for people: they are bound by the plan.
    pub steps: Vec<StepId>,
    /// Hazards that signing acknowledges.
    pub hazards: Vec<Hazard>,
    /// Who asks.
    pub requester: Principal,
    /// Not before this time.
    pub not_before: Timestamp,
    /// Not after this time.
    pub not_after: Timestamp,
}

/// What a request asks for; each has its own signature namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verb {
    /// Run the reversal.
    Run,
    /// Restore a table from a dump.
    Restore,
    /// End another session's open transaction.
    EndSession,
}

impl Plan {
    /// Returns what a request for this plan asks for.
    #[must_use]
    pub fn verb(&self) -> Verb {
        match (&self.restore, &self.end_session) {
            (Some(_), _) => Verb::Restore,
            (None, Some(_)) => Verb::EndSession,
            (None, None) => Verb::Run,
        }
    }
}

impl Verb {
    /// Returns the word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Run => "run",
            Self::Restore => "restore",
            Self::EndSession => "end-session",
        }
    }
}

impl Request {
    /// Returns the short name people use for it: the first twelve digits of the nonce.
    #[must_use]
    pub fn id(&self) -> String {
        self.nonce.chars().take(12).collect()
    }
}
