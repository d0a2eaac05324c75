//! The few doors to the world, as traits only. Adapters stand behind them; the session walks through them.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;

use jiff::Timestamp;
use zeroize::Zeroizing;

use crate::approval::{Namespace, SignedBytes};
use crate::census::{Census, Question, Target};
use crate::diagnose::OpenTransaction;
use crate::digest::Digest;
use crate::ledger::{Body, Entry};
use crate::restore::{Contents, CopyEnd, DifferenceSum, LiveSequence, LiveTable, Restore};
use crate::review::Catalog;
use crate::run::{Event, RunToken, Step};
use crate::runbook::{Files, ObjectName, Principal, Timeouts};

/// A future that a port gives; boxed so that ports can be passed as `dyn`.
pub type Wait<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// One database, reached with one person's rights. Each method opens what it needs, within the limits it documents.
pub trait Database: Send + Sync {
    /// Says which schema unqualified names mean from now on, as the runbook's target does; `public` until then. A
    /// database that resolves no names may ignore it.
    fn use_schema(&self, schema: &str) {
        let _ = schema;
    }
    /// Reads where the connection leads.
    fn target(&self) -> Wait<'_, Result<Target, DatabaseError>>;
    /// Returns how the connection is described to people: `directus @ db-1:5432 as ops · TLS · PG 15.18`.
    fn describe(&self) -> Wait<'_, Result<ConnectionNote, DatabaseError>>;
    /// Asks every question at one snapshot (REPEATABLE READ, READ ONLY), pipelined; a failing question is blind alone.
    fn census<'a>(&'a self, questions: &'a [Question]) -> Wait<'a, Result<Census, DatabaseError>>;
    /// Takes a census, and says how many questions have been answered as it goes on.
    fn census_told<'a>(
        &'a self,
        questions: &'a [Question],
        told: Box<dyn FnMut(usize) + Send + 'a>,
    ) -> Wait<'a, Result<Census, DatabaseError>> {
        drop(told);
        self.census(questions)
    }
    /// Reads the catalog outside the system schemas and `countersign`.
    fn catalog(&self) -> Wait<'_, Result<Catalog, DatabaseError>>;
    /// Reads other sessions' open transactions that hold write locks on these objects, or on relations not visible yet.
    /// The error text is a blindness: the role may not see other sessions.
    fn open_transactions<'a>(
        &'a self,
        objects: &'a [ObjectName],
    ) -> Wait<'a, Result<Vec<OpenTransaction>, DatabaseError>>;
    /// Returns the SQL that makes the ledger; nothing is sent.
    fn ledger_sql(&self) -> String;
    /// Makes the ledger; a ledger that is there already is left as it is.
    fn ledger_init(&self) -> Wait<'_, Result<(), DatabaseError>>;
    /// Reads the entries after `seq`, in order. No ledger is [`DatabaseError::NoLedger`].
    fn ledger_read(&self, after: u64) -> Wait<'_, Result<Vec<Entry>, DatabaseError>>;
    /// Appends an entry in a transaction of its own and returns it as it stands, once committed.
    fn ledger_append<'a>(&'a self, body: &'a Body) -> Wait<'a, Result<Entry, DatabaseError>>;
    /// Returns the SQL that makes the ledger's roles and grants; nothing is sent.
    fn ledger_grants_sql(&self) -> String;
    /// Makes the ledger's roles and applies their grants; may be done again.
    fn ledger_grants(&self) -> Wait<'_, Result<(), DatabaseError>>;
    /// Returns the SQL that makes the ledger's gate; nothing is sent.
    fn ledger_gate_sql(&self) -> String;
    /// Makes the ledger's gate; may be done again.
    fn ledger_gate(&self) -> Wait<'_, Result<(), DatabaseError>>;
    /// Asks whether the ledger's gate would open for this request and login, before any intent is stated.
    fn gate_may(&self, request_digest: Digest) -> Wait<'_, Result<(), DatabaseError>>;
    /// Reads which login speaks for whom.
    fn ledger_logins(&self) -> Wait<'_, Result<MappedLogins, DatabaseError>>;
    /// Maps a login to a person; from the first one on the server checks them.
    fn ledger_map<'a>(&'a self, principal: &'a Principal, login: &'a str) -> Wait<'a, Result<(), DatabaseError>>;
    /// Takes a login's mapping away; gives whether there was one.
    fn ledger_unmap<'a>(&'a self, login: &'a str) -> Wait<'a, Result<bool, DatabaseError>>;
    /// Asks whether the ledger would take an entry of this kind in this person's name from this login. The refusal is
    /// the server's own, asked for before anything is signed or begun.
    fn ledger_may<'a>(&'a self, kind: &'a str, principal: &'a Principal) -> Wait<'a, Result<(), DatabaseError>>;
    /// Returns whether this login is the role, or has its rights by membership; a superuser's rights do not count.
    fn acts_as<'a>(&'a self, role: &'a str) -> Wait<'a, Result<bool, DatabaseError>>;
    /// Waits for the next change of the ledger by any desk; gives the newest sequence number known.
    fn ledger_changed(&self) -> Wait<'_, Result<u64, DatabaseError>>;
    /// Reads a table as this role sees it, for a restore; `None` when it sees none.
    fn live_table<'a>(&'a self, name: &'a ObjectName) -> Wait<'a, Result<Option<LiveTable>, DatabaseError>> {
        let _ = name;
        Box::pin(async { Err(cannot_restore()) })
    }
    /// Loads a dump's rows into a temporary table, and tells the difference in a transaction that is rolled back; each line
    /// of it goes to `take`, rows that would be kept included. The counts and the digest of `restore` are not looked at.
    fn difference<'a>(
        &'a self,
        look: &'a DifferenceLook<'a>,
        take: &'a mut (dyn FnMut(&[u8]) + Send),
    ) -> Wait<'a, Result<DifferenceSeen, DatabaseError>> {
        let _ = (look, take);
        Box::pin(async { Err(cannot_restore()) })
    }
    /// Opens nothing yet; gives the line on which a machine performs its steps.
    fn run_line(&self) -> Box<dyn RunLine>;
    /// Returns whether this desk speaks with the server itself, and not with a connection pooler before it.
    fn is_direct(&self) -> Wait<'_, Result<bool, DatabaseError>>;
    /// Waits until no run holds the target's mutex: every transaction of a dead desk has then ended. Gives why this server
    /// cannot tell what became of it, when it is not the one the plan was approved for, or has failed over since.
    fn settle<'a>(&'a self, approved: &'a Target) -> Wait<'a, Result<Option<String>, DatabaseError>>;
    /// Proves what became of a COMMIT whose answer was lost, by the recipe of the run (mutex, ledger, `pg_xact_status`).
    fn prove<'a>(&'a self, token: &'a RunToken) -> Wait<'a, Result<Proof, DatabaseError>>;
}

/// The connection on which a run or rehearsal happens: direct, fresh, tapped.
pub trait RunLine: Send {
    /// Performs one step and says what happened. Never fails otherwise: failures are events.
    fn perform<'a>(&'a mut self, step: &'a Step) -> Wait<'a, Event>;
    /// Brings the rows of a dump, for a plan that restores a table; a line that cannot load any forgets them.
    fn bring(&mut self, rows: DumpRows) {
        drop(rows);
    }
    /// Returns a handle that asks the server to cancel the statement being run.
    fn canceller(&self) -> Box<dyn Fn() -> Wait<'static, ()> + Send + Sync>;
}

fn cannot_restore() -> DatabaseError {
    DatabaseError::Garbled("this database cannot restore tables".to_owned())
}

/// The rows of one table in a dump: where they are, and who reads them.
#[derive(Clone)]
pub struct DumpRows {
    /// Who reads them.
    pub dumps: Arc<dyn Dumps>,
    /// The dump.
    pub path: PathBuf,
    /// The table.
    pub table: ObjectName,
}

/// What is to be compared.
pub struct DifferenceLook<'a> {
    /// The restore, without its counts.
    pub restore: &'a Restore,
    /// How long it may take.
    pub timeouts: Timeouts,
    /// Sequences to hold against the dump's rows.
    pub sequences: &'a [LiveSequence],
    /// The dump's rows.
    pub rows: DumpRows,
}

/// What a look at the difference found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DifferenceSeen {
    /// How many rows the dump has, and their digest.
    pub loaded: CopyEnd,
    /// The difference.
    pub sum: DifferenceSum,
    /// Rows that only the table has and that are kept.
    pub kept: u64,
    /// Sequences that are behind the dump's rows, in sentences.
    pub behind: Vec<String>,
}

/// What became of a COMMIT whose answer was lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proof {
    /// The outcome entry is there and `pg_xact_status` does not disagree.
    Committed,
    /// It is not, and `pg_xact_status` does not disagree.
    RolledBack,
    /// It cannot be told yet; why.
    StillUnknown(String),
}

/// Which login of the server speaks for whom in the ledger.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MappedLogins {
    /// Whether the server checks it: from the first mapping on, for good.
    pub checked: bool,
    /// The mappings, by person.
    pub logins: Vec<MappedLogin>,
}

/// A login that speaks for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MappedLogin {
    /// The login.
    pub login: String,
    /// The person.
    pub principal: Principal,
    /// Since when, as the server writes it.
    pub since: String,
    /// The login that mapped it.
    pub mapped_by: String,
}

/// How a connection is described to people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectionNote {
    /// The database.
    pub database: String,
    /// Host and port, or the socket folder.
    pub server: String,
    /// The login.
    pub role: String,
    /// `TLS`, `no TLS` or `socket`.
    pub security: String,
    /// Such as `PG 15.18`.
    pub version: String,
}

/// Why the database did not do what was asked. Secrets never appear in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DatabaseError {
    /// No connection could be made.
    #[error("cannot connect: {0}")]
    Unreachable(String),
    /// There is no ledger yet.
    #[error("there is no ledger in this database")]
    NoLedger,
    /// The server refused; SQLSTATE and message.
    #[error("the server refused ({code}): {message}")]
    Refused {
        /// SQLSTATE.
        code: String,
        /// The message.
        message: String,
    },
    /// The role cannot see what is needed.
    #[error("the role cannot see enough: {0}")]
    Blind(String),
    /// The connection was lost.
    #[error("the connection was lost: {0}")]
    Lost(String),
    /// The answer makes no sense.
    #[error("the server's answer is not understood: {0}")]
    Garbled(String),
}

/// Makes signatures with a person's key.
pub trait Signer: Send + Sync {
    /// Signs the bytes; a passphrase or an agent's confirmation may be asked for.
    fn sign<'a>(&'a self, request: &'a SignRequest) -> Wait<'a, Result<SignedBytes, SignError>>;
    /// Lists the keys the agent holds.
    fn agent_keys(&self) -> Wait<'_, Result<Vec<AgentKey>, SignError>>;
}

/// A signature to be made.
pub struct SignRequest {
    /// Who signs.
    pub principal: Principal,
    /// With which key.
    pub key: KeyChoice,
    /// What for.
    pub namespace: Namespace,
    /// The bytes.
    pub bytes: Vec<u8>,
    /// The key file's passphrase, when one was typed; wiped when dropped.
    pub passphrase: Option<Zeroizing<String>>,
}

/// Which key to sign with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyChoice {
    /// A private key file.
    File(PathBuf),
    /// A key held by ssh-agent, by its `SHA256:…` fingerprint.
    Agent(String),
}

impl KeyChoice {
    /// Reads `agent:FINGERPRINT` or a path.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        text.strip_prefix("agent:")
            .map_or_else(|| Self::File(PathBuf::from(text)), |print| Self::Agent(print.to_owned()))
    }
}

impl fmt::Display for KeyChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Agent(print) => write!(f, "agent:{print}"),
        }
    }
}

/// A key held by ssh-agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentKey {
    /// `SHA256:…`.
    pub fingerprint: String,
    /// Its comment.
    pub comment: String,
    /// The public key in OpenSSH's one-line form.
    pub public_key: String,
}

/// Why no signature was made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    /// The key file cannot be read.
    #[error("the key file {path} cannot be read: {reason}")]
    UnreadableKey {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The key is encrypted and no passphrase was given.
    #[error("the key {0} is encrypted: a passphrase is needed")]
    PassphraseNeeded(PathBuf),
    /// The passphrase is wrong.
    #[error("the passphrase does not open {0}")]
    WrongPassphrase(PathBuf),
    /// The agent cannot be reached.
    #[error("ssh-agent cannot be reached: {0}")]
    NoAgent(String),
    /// The agent does not hold the key, or refused.
    #[error("ssh-agent did not sign with {fingerprint}: {reason}")]
    AgentRefused {
        /// The key asked for.
        fingerprint: String,
        /// Why.
        reason: String,
    },
    /// Somebody cancelled while the key or the agent was waited for.
    #[error("cancelled while waiting for the signature")]
    Cancelled,
    /// The key cannot make such a signature.
    #[error("this key cannot sign: {0}")]
    Unsupported(String),
}

/// Reads and writes files and folders.
pub trait Folders: Send + Sync {
    /// Reads a runbook folder: every file below it, by path with `/`, within the limits in [`Files`].
    ///
    /// # Errors
    /// When the folder cannot be read, or a limit is passed; says which.
    fn read_folder(&self, path: &Path) -> Result<Files, FileError>;
    /// Reads one file of at most 256 MiB.
    ///
    /// # Errors
    /// When it cannot be read or is larger.
    fn read_file(&self, path: &Path) -> Result<Vec<u8>, FileError>;
    /// Writes a new folder of files; refuses to write over anything that is there.
    ///
    /// # Errors
    /// When it exists and is not empty, or cannot be written.
    fn write_folder(&self, path: &Path, files: &BTreeMap<String, Vec<u8>>) -> Result<(), FileError>;
    /// Writes one file atomically.
    ///
    /// # Errors
    /// When it cannot be written.
    fn write_file(&self, path: &Path, bytes: &[u8]) -> Result<(), FileError>;
    /// Makes a folder, and those above it, that only this person may look into; one that is there is left as it is.
    ///
    /// # Errors
    /// When it cannot be made.
    fn make_private_folder(&self, path: &Path) -> Result<(), FileError> {
        let reason = "nothing is kept here".to_owned();
        let next = "Go on; nothing is lost but time.";
        Err(FileError { what: "cannot make".to_owned(), path: path.to_owned(), reason, next })
    }
}

/// Reads dumps of `pg_dump`. Its methods block, so that a worker's thread is the place for them.
pub trait Dumps: Send + Sync {
    /// Reads a dump's table of contents.
    ///
    /// # Errors
    /// When it cannot be read, or is no dump.
    fn open(&self, path: &Path) -> Result<Contents, FileError>;
    /// Reads the rows of one table as COPY text without its end mark, piece by piece; `take` answers whether to go on.
    ///
    /// # Errors
    /// When the dump holds no such rows, was cut, or `take` had enough.
    fn rows(
        &self,
        path: &Path,
        table: &ObjectName,
        take: &mut dyn FnMut(Vec<u8>) -> bool,
    ) -> Result<CopyEnd, FileError>;
    /// Opens a place for lines that are too many for memory.
    ///
    /// # Errors
    /// When there is no room for them.
    fn shelf(&self) -> Result<Box<dyn Shelf>, FileError>;
}

/// Takes lines one after another.
pub trait Shelf: Send {
    /// Keeps one line.
    ///
    /// # Errors
    /// When there is no room for it.
    fn put(&mut self, line: &[u8]) -> Result<(), FileError>;
    /// Ends the writing.
    ///
    /// # Errors
    /// When what was written could not be kept.
    fn done(self: Box<Self>) -> Result<Arc<dyn Lines>, FileError>;
}

/// Gives lines back by their places; it goes away with its last owner.
pub trait Lines: Send + Sync {
    /// Returns how many there are.
    fn count(&self) -> usize;
    /// Returns one line; an empty one where there is none.
    ///
    /// # Errors
    /// When it cannot be read.
    fn line(&self, at: usize) -> Result<Vec<u8>, FileError>;
}

/// Why a file could not be read or written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} {path}: {reason}")]
pub struct FileError {
    /// What was tried, such as `cannot read`.
    pub what: String,
    /// The file.
    pub path: PathBuf,
    /// Why not.
    pub reason: String,
    /// What to do next.
    pub next: &'static str,
}

/// Tells the time.
pub trait Clock: Send + Sync {
    /// Returns this desk's time.
    fn now(&self) -> Timestamp;
}

/// Gives what cannot be guessed.
pub trait Chance: Send + Sync {
    /// Returns 32 random hexadecimal digits.
    fn nonce(&self) -> String;
}
