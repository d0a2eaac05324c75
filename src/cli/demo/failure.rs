//! Takes what went wrong with a demo; gives words for people and a kind for the exit code; refuses to name secrets.

use std::io;
use std::path::{Path, PathBuf};

use crate::adapter::postgres::ClusterError;
use crate::port::DatabaseError;
use crate::session::{Failure, FailureKind};

/// Why there is no demo, or why it could not be ended.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DemoFailure {
    /// The folder holds something already.
    #[error("the folder {0} is not empty")]
    NotEmpty(PathBuf),
    /// The folder holds no demo.
    #[error("the folder {0} holds no demo: there is no demo.json in it")]
    NoDemo(PathBuf),
    /// A file or folder could not be made, read or removed.
    #[error("cannot {what} {path}: {reason}")]
    File {
        /// What was tried.
        what: &'static str,
        /// Which.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// The private server did not start or stop.
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    /// The private server did not do what was asked.
    #[error("cannot {what}: {source}")]
    Database {
        /// What was asked.
        what: String,
        /// What it said.
        source: DatabaseError,
    },
    /// The sample runbook cannot be read: the program is broken.
    #[error("BUG: the sample runbook built into this program cannot be used: {0}")]
    Sample(String),
    /// The background helper did not start, or did not end.
    #[error("the demo's helper `{verb}` {reason}")]
    Helper {
        /// Its verb.
        verb: &'static str,
        /// What happened.
        reason: String,
    },
    /// The system gives no random bytes for the keys.
    #[error("no random bytes for the keys: {0}")]
    NoChance(String),
    /// Somebody pressed Ctrl-C, or the system asked us to end.
    #[error("interrupted before the demo stood")]
    Interrupted,
    /// It failed, and what had been made could not be removed either.
    #[error("{first}; and what had been made could not be removed: {then}")]
    LeftBehind {
        /// Why there is no demo.
        first: Box<DemoFailure>,
        /// Why it could not be removed.
        then: Box<DemoFailure>,
    },
}

impl DemoFailure {
    /// Makes the failure of a file operation.
    pub(super) fn file(what: &'static str, path: &Path, error: &io::Error) -> Self {
        Self::File { what, path: path.to_owned(), reason: error.to_string() }
    }

    /// Makes the failure of a question to the private server.
    pub(super) fn database(what: impl Into<String>) -> impl FnOnce(DatabaseError) -> Self {
        let what = what.into();
        move |source| Self::Database { what, source }
    }

    /// Returns what to do next.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NotEmpty(_) => {
                "Name a folder that does not exist yet; if this one holds a demo, `countersign demo down` on it ends that first."
            }
            Self::NoDemo(_) => "Name the folder that was given to `countersign demo up`. Nothing was removed.",
            Self::File { .. } => "Look at the folder's rights and the free space, then try again.",
            Self::Cluster(_) => "Install PostgreSQL's server programs, or choose a folder below the temporary folder.",
            Self::Database { .. } => {
                "Look at server.log in the demo's cluster folder; then `countersign demo down` and try again."
            }
            Self::Sample(_) => "Report it with the version of the program; your databases are not touched.",
            Self::Helper { .. } => "Try `countersign demo down` on the folder, then again.",
            Self::NoChance(_) => "Make /dev/urandom readable, then try again.",
            Self::Interrupted => "What had been made was removed; start again when you like.",
            Self::LeftBehind { .. } => "Run `countersign demo down` on the folder.",
        }
    }

    /// Returns it as the faces show it.
    #[must_use]
    pub fn failure(&self) -> Failure {
        let kind = match self {
            Self::NotEmpty(_)
            | Self::NoDemo(_)
            | Self::File { .. }
            | Self::Sample(_)
            | Self::NoChance(_)
            | Self::Interrupted
            | Self::LeftBehind { .. } => FailureKind::Unreadable,
            Self::Cluster(_) | Self::Database { .. } | Self::Helper { .. } => FailureKind::CannotConnect,
        };
        Failure { kind, message: self.to_string(), hint: self.hint().to_owned() }
    }
}
