//! What a plan says of a restore: the part of it that people sign beside the statements.

use serde::{Deserialize, Serialize};

use super::DumpForm;
use crate::digest::Digest;
use crate::runbook::ObjectName;

/// One table, one dump, one exact difference. The statements of the plan follow from it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Restore {
    /// The table.
    pub table: ObjectName,
    /// The dump's columns of it, in the dump's order.
    pub columns: Vec<String>,
    /// The primary key.
    pub key_columns: Vec<String>,
    /// The dump.
    pub dump: DumpNote,
    /// Which rows are compared.
    pub scope: Scope,
    /// The table's declared key, parameters bound: the rows that are this phase's.
    pub declared_key: String,
    /// What becomes of rows that only the table has.
    pub later_rows: LaterRows,
    /// Triggers that are switched off while the rows are written, because they would act on rows that are no news.
    pub paused: Vec<PausedTrigger>,
    /// Whether the table refers to itself: then rows are inserted first and deleted last.
    pub refers_to_itself: bool,
    /// The difference, exactly.
    pub difference: DifferenceSum,
    /// How many rows only the table had when it was looked at, and are kept; the traffic may add to them.
    pub kept: u64,
    /// Why targeted reversal cannot do it (D-40).
    pub grounds: Grounds,
}

/// Which dump, and which rows of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DumpNote {
    /// The file's name, without its folder.
    pub file: String,
    /// How it was written.
    pub form: DumpForm,
    /// The version of the server it was taken from.
    pub server_version: Option<String>,
    /// The version of `pg_dump`.
    pub dump_version: Option<String>,
    /// When it was taken, by the clock of the machine that took it.
    pub taken_at: Option<String>,
    /// The encoding of its rows.
    pub encoding: String,
    /// How many rows it has of the table.
    pub rows: u64,
    /// SHA-256 of these rows, as they stand in the dump.
    pub sha256: Digest,
}

/// Which rows are compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Only rows inside the declared key, by the dump or as they are.
    #[default]
    Key,
    /// Every row of the table.
    Table,
}

impl Scope {
    /// Returns the word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::Table => "table",
        }
    }
}

/// What becomes of rows that only the table has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LaterRows {
    /// They stay (D-42).
    #[default]
    Keep,
    /// They are deleted, where they are in scope.
    Delete,
}

/// A trigger that is switched off while the rows are written, and on again before the end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PausedTrigger {
    /// Its name.
    pub name: String,
    /// Whether it is one that fires ALWAYS: it is put back as it was.
    pub always: bool,
}

/// A difference by its counts and its digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DifferenceSum {
    /// Rows that are inserted.
    pub only_in_dump: u64,
    /// Rows that are deleted.
    pub only_live: u64,
    /// Rows that are updated.
    pub changed: u64,
    /// SHA-256 over every row of it, ordered by key.
    pub digest: Digest,
}

impl DifferenceSum {
    /// Returns whether nothing differs.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.only_in_dump == 0 && self.only_live == 0 && self.changed == 0
    }

    /// Says the counts.
    #[must_use]
    pub fn in_words(&self) -> String {
        format!("{} to insert, {} to update, {} to delete", self.only_in_dump, self.changed, self.only_live)
    }
}

/// Why targeted reversal cannot return the table to its baseline (D-40).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grounds {
    /// What the diagnosis shows: counts that cannot be reconciled.
    pub evidence: Vec<String>,
    /// What a person states, with the reason, where the diagnosis shows nothing.
    pub statement: Option<String>,
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A restore of a small table.
    pub(crate) fn restore() -> Restore {
        Restore {
            table: ObjectName::new("public", "words"),
            columns: vec!["id".to_owned(), "word".to_owned()],
            key_columns: vec!["id".to_owned()],
            dump: DumpNote {
                file: "before.dump".to_owned(),
                form: DumpForm::Custom,
                server_version: Some("15.18".to_owned()),
                dump_version: Some("15.18".to_owned()),
                taken_at: None,
                encoding: "UTF8".to_owned(),
                rows: 3,
                sha256: Digest::of(b"rows"),
            },
            scope: Scope::Table,
            declared_key: "word LIKE 'gov\\_%'".to_owned(),
            later_rows: LaterRows::Keep,
            paused: Vec::new(),
            refers_to_itself: false,
            difference: DifferenceSum { only_in_dump: 1, only_live: 0, changed: 2, digest: Digest::of(b"d") },
            kept: 0,
            grounds: Grounds { evidence: vec!["words: counts differ".to_owned()], statement: None },
        }
    }
}
