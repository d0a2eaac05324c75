//! Builds the session's world from the adapters. No decision is made here.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::adapter::clock::{SystemChance, SystemClock};
use crate::adapter::dump::DiskDumps;
use crate::adapter::files::DiskFolders;
use crate::adapter::postgres::{Postgres, Surroundings};
use crate::adapter::ssh::SshSigner;
use crate::approval::Namespace;
use crate::port::{Clock as _, Database, KeyChoice, SignError, SignRequest, Wait};
use crate::runbook::Principal;
use crate::session::{Doors, Failure, FailureKind, KnownLedgers, SignAs, World};

/// Opens PostgreSQL databases with this process's surroundings.
struct PostgresDoors(Surroundings);

impl Doors for PostgresDoors {
    fn open<'a>(&'a self, text: &'a str) -> Wait<'a, Result<Arc<dyn Database>, Failure>> {
        Box::pin(async move {
            let database = Postgres::new(text, self.0.clone())?;
            // Connects once, so that a wrong password is known now and not in the middle of something.
            database.target().await?;
            Ok(Arc::new(database) as Arc<dyn Database>)
        })
    }
}

/// Builds the world of this process.
#[must_use]
pub fn world() -> World {
    let agent = std::env::var_os("SSH_AUTH_SOCK").map(PathBuf::from);
    World {
        signer: Arc::new(SshSigner::new(agent)),
        folders: Arc::new(DiskFolders),
        clock: Arc::new(SystemClock),
        chance: Arc::new(SystemChance),
        doors: Arc::new(PostgresDoors(Surroundings::of_process())),
        dumps: Arc::new(DiskDumps),
        ledgers: Arc::new(KnownLedgers::new(ledgers_folder())),
    }
}

/// Where what was verified of ledgers is kept; `None` when there is no home folder.
fn ledgers_folder() -> Option<PathBuf> {
    use etcetera::BaseStrategy as _;
    let base = etcetera::choose_base_strategy().ok()?;
    let state = base.state_dir().unwrap_or_else(|| base.data_dir());
    Some(state.join("countersign"))
}

/// Tells the time, for a face that shows it.
#[must_use]
pub fn now() -> jiff::Timestamp {
    SystemClock.now()
}

/// Names who signs; asks the terminal for a passphrase when the key needs one and no file was named.
///
/// # Errors
/// When the passphrase file or the key cannot be read.
pub async fn signer(
    world: &World,
    principal: &str,
    key: &str,
    passphrase_file: Option<&Path>,
) -> Result<SignAs, Failure> {
    let key = KeyChoice::parse(key);
    let principal = Principal(principal.to_owned());
    let given = passphrase_file.map(|path| first_line(world, path)).transpose()?;
    let KeyChoice::File(path) = &key else { return Ok(SignAs { principal, key, passphrase: given }) };
    // A trial signature over nothing of ours tells whether the key is locked or wrong, before any work is done and
    // before a rehearsal takes the target's locks.
    let trial = SignRequest {
        principal: principal.clone(),
        key: key.clone(),
        namespace: Namespace::Stage,
        bytes: b"countersign: is this key locked?".to_vec(),
        passphrase: given.clone(),
    };
    let passphrase = match world.signer.sign(&trial).await {
        Ok(_) => given,
        Err(SignError::PassphraseNeeded(_)) => Some(ask_passphrase(path)?),
        Err(refused) => return Err(refused.into()),
    };
    Ok(SignAs { principal, key, passphrase })
}

fn first_line(world: &World, path: &Path) -> Result<Zeroizing<String>, Failure> {
    let bytes = Zeroizing::new(world.folders.read_file(path)?);
    let text = std::str::from_utf8(&bytes).map_err(|_| {
        Failure::new(FailureKind::Unreadable, "the passphrase file is not UTF-8 text", "Name a text file.")
    })?;
    Ok(Zeroizing::new(text.lines().next().unwrap_or_default().to_owned()))
}

fn ask_passphrase(path: &Path) -> Result<Zeroizing<String>, Failure> {
    rpassword::prompt_password(format!("Passphrase for {}: ", path.display())).map(Zeroizing::new).map_err(|error| {
        let message = format!("the key {} is locked and no passphrase could be asked: {error}", path.display());
        Failure::new(FailureKind::Refused, message, "Use --passphrase-file, or ssh-agent with --key agent:FINGERPRINT.")
    })
}

/// Returns where the window's preferences are kept; `None` when there is no home folder.
#[must_use]
pub fn prefs_path() -> Option<PathBuf> {
    use etcetera::BaseStrategy as _;
    etcetera::choose_base_strategy().ok().map(|base| base.config_dir().join("countersign").join("window.json"))
}

/// Returns the SQL that makes a ledger, for a face that shows it before it is run.
#[must_use]
pub fn ledger_sql() -> String {
    crate::adapter::postgres::LEDGER_SQL.to_owned()
}
