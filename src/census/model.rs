//! What was read from a database at one snapshot.

use std::borrow::Cow;
use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::runbook::{Check, CheckId, Query, Runbook};

/// The key under which a stop condition is asked in a census.
#[must_use]
pub fn stop_question_id(id: &str) -> CheckId {
    CheckId(format!("stop:{id}"))
}

/// One check's answer, or why there is none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reading {
    /// What the database answered; `None` is NULL or no row. Several rows are joined by line feeds.
    Value(Option<String>),
    /// The role cannot see enough to know; the reason (D-51). Never passes.
    Blind(String),
}

/// Which database this is and how it is being looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// `pg_control_system().system_identifier`, as text because it exceeds 2^53.
    pub system_identifier: String,
    /// The database's OID.
    pub database_oid: u32,
    /// The database's name.
    pub database: String,
    /// `server_version_num`, such as 150018.
    pub server_version: u32,
    /// Whether the server is replaying WAL; a run refuses such a server.
    pub in_recovery: bool,
    /// `session_user`: who is connected.
    pub role: String,
    /// The timeline of the last checkpoint.
    pub timeline: u32,
}

impl Target {
    /// Names the database so that one made anew under the same name reads differently.
    #[must_use]
    pub fn identity(&self) -> String {
        format!("{} (oid {}) of server {}", self.database, self.database_oid, self.system_identifier)
    }

    /// Returns whether both are the same database of the same server, whoever looks at it.
    #[must_use]
    pub fn is_same_database(&self, other: &Self) -> bool {
        self.system_identifier == other.system_identifier
            && self.database_oid == other.database_oid
            && self.database == other.database
    }
}

/// Every check's answer at one snapshot (D-52).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Census {
    /// The server's clock at the snapshot.
    pub taken_at: Timestamp,
    /// Where it was taken.
    pub target: Target,
    /// The answer to each check, and to each stop condition under `stop:<id>`.
    pub readings: BTreeMap<CheckId, Reading>,
}

/// A census that was kept: the truth "before the build" or "after the build".
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    /// `countersign/baseline/1`.
    pub format: String,
    /// What it is the truth of, such as `before the build`.
    pub label: String,
    /// The runbook it belongs to.
    pub runbook: String,
    /// The runbook's digest when it was taken.
    pub runbook_digest: Digest,
    /// What was asked: the digest of each check's query, so that an answer to another question is not taken for this one's.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub asked: BTreeMap<CheckId, Digest>,
    /// What was read.
    pub census: Census,
}

/// Returns the digest by which a baseline knows what a check asked.
#[must_use]
pub fn query_digest(query: &Query) -> Digest {
    Digest::of(&serde_json::to_vec(query).unwrap_or_default())
}

impl Baseline {
    /// Keeps a census of this runbook as the truth of something.
    #[must_use]
    pub fn of(label: &str, runbook: &Runbook, census: Census) -> Self {
        Self {
            format: BASELINE_FORMAT.to_owned(),
            label: label.to_owned(),
            runbook: runbook.id.clone(),
            runbook_digest: runbook.digest,
            asked: runbook.checks.iter().map(|check| (check.id.clone(), query_digest(&check.query))).collect(),
            census,
        }
    }

    /// Returns the answer to this check; blind where the baseline was asked something else under its name. Of a check without
    /// text only the name is known.
    #[must_use]
    pub fn answer(&self, check: &Check) -> Option<Cow<'_, Reading>> {
        let answer = self.census.readings.get(&check.id)?;
        let is_named = check.query != Query::Sql(String::new());
        match self.asked.get(&check.id) {
            Some(asked) if is_named && *asked != query_digest(&check.query) => {
                let reason = "the runbook asked something else under this name when it was taken; take one with today's question";
                Some(Cow::Owned(Reading::Blind(reason.to_owned())))
            }
            Some(_) | None => Some(Cow::Borrowed(answer)),
        }
    }
}

/// The format name of a [`Baseline`].
pub const BASELINE_FORMAT: &str = "countersign/baseline/1";

/// A question for a census: a check of the runbook, or a stop condition asked together with them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// The key of its answer in [`Census::readings`].
    pub id: CheckId,
    /// A SELECT with exactly one column.
    pub sql: String,
    /// How long it may take, in milliseconds, where it is asked by itself; nothing is what the connection allows.
    pub limit_millis: Option<u32>,
    is_ours: bool,
}

impl Question {
    /// Makes a question of SQL that somebody wrote.
    #[must_use]
    pub const fn new(id: CheckId, sql: String) -> Self {
        Self { id, sql, limit_millis: None, is_ours: false }
    }

    /// Turns what is asked into a question; the definition of an object is asked in this program's own words.
    #[must_use]
    pub fn of_query(id: CheckId, query: &Query) -> Self {
        let is_ours = matches!(query, Query::Definition(..) | Query::Catalog(_));
        Self { is_ours, ..Self::new(id, super::definition::query_sql(query)) }
    }

    /// Turns a check into the question that asks it.
    #[must_use]
    pub fn of(check: &Check) -> Self {
        Self { limit_millis: check.limit_millis, ..Self::of_query(check.id.clone(), &check.query) }
    }

    /// Returns whether its text is this program's own, and nobody else's.
    #[must_use]
    pub const fn is_ours(&self) -> bool {
        self.is_ours
    }

    /// Returns the statement that asks it among other statements of one message. Each row of the answer is one text, the same
    /// text as in the answer to [`Self::wrapped`].
    #[must_use]
    pub fn beside_others(&self) -> String {
        format!("SELECT q.c1::text FROM (\n{}\n) AS q(c1)", self.sql)
    }

    /// Returns the one statement that asks this question, the same before, inside and after a transaction (D-52).
    ///
    /// Its single value is a JSON array of texts, one a row, or NULL when there is no row.
    #[must_use]
    pub fn wrapped(&self) -> String {
        // The line feed keeps a trailing `--` comment from swallowing the parenthesis.
        format!("SELECT pg_catalog.to_json(pg_catalog.array_agg(q.c1::text))::text FROM (\n{}\n) AS q(c1)", self.sql)
    }

    /// Reads the value of [`Self::wrapped`].
    #[must_use]
    pub fn reading(value: Option<&str>) -> Reading {
        let Some(json) = value else { return Reading::Value(None) };
        match serde_json::from_str::<Vec<Option<String>>>(json) {
            Err(error) => Reading::Blind(format!("the server's answer is not a JSON array of texts: {error}")),
            Ok(rows) => Self::reading_of(rows),
        }
    }

    /// Reads the rows of [`Self::beside_others`].
    #[must_use]
    pub fn reading_of(mut rows: Vec<Option<String>>) -> Reading {
        match rows.len() {
            0 => Reading::Value(None),
            1 => Reading::Value(rows.remove(0)),
            _ => {
                let lines: Vec<String> = rows.into_iter().map(|row| row.unwrap_or_else(|| "\\N".to_owned())).collect();
                Reading::Value(Some(lines.join("\n")))
            }
        }
    }
}
