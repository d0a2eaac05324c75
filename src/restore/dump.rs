//! What a dump says of itself: its table of contents.

use serde::{Deserialize, Serialize};

use crate::runbook::ObjectName;

/// A dump's table of contents.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Contents {
    /// How it was written.
    pub form: DumpForm,
    /// How it is compressed: `none`, `gzip`, `lz4` or `zstd`.
    pub compression: String,
    /// The database it was taken from, where it says so.
    pub database: Option<String>,
    /// The version of the server it was taken from.
    pub server_version: Option<String>,
    /// The version of the `pg_dump` that took it.
    pub dump_version: Option<String>,
    /// When it was taken, by the clock of the machine that took it; a plain dump says it only with --verbose.
    pub taken_at: Option<String>,
    /// The encoding of its text, as PostgreSQL names it.
    pub encoding: Option<String>,
    /// Its tables with data, in their order.
    pub tables: Vec<DumpedTable>,
}

impl Contents {
    /// Finds a table.
    #[must_use]
    pub fn table(&self, name: &ObjectName) -> Option<&DumpedTable> {
        self.tables.iter().find(|table| table.name == *name)
    }
}

/// How a dump was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DumpForm {
    /// `pg_dump -Fc`.
    Custom,
    /// `pg_dump -Fd`.
    Directory,
    /// `pg_dump -Ft`.
    Tar,
    /// `pg_dump -Fp`: a script.
    Plain,
}

impl DumpForm {
    /// Returns the word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Custom => "custom",
            Self::Directory => "directory",
            Self::Tar => "tar",
            Self::Plain => "plain",
        }
    }
}

/// One table's data in a dump.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DumpedTable {
    /// The table.
    pub name: ObjectName,
    /// The columns of its rows, in their order.
    pub columns: Vec<String>,
    /// How many bytes its rows take in the dump, compressed as they are there.
    pub bytes: Option<u64>,
    /// How its rows are written.
    pub rows: DumpedRows,
}

/// How a table's rows are written in a dump.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DumpedRows {
    /// As a COPY block.
    Copy,
    /// As INSERT statements (`pg_dump --inserts`): these are not read.
    Inserts,
}
