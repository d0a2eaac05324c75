//! Takes a database; gives its ledger as far as it was verified, reading only what this desk has not seen yet; refuses to
//! take a ledger that was cut or rewritten for the one it knew.
//!
//! What was verified is kept in memory, and across starts in a file of the desk's own folder. The file proves itself (see
//! [`Known`]) and is believed only when the database still holds its head. So it may be deleted, garbled or exchanged at any
//! time: the ledger is then verified from its first entry, and nothing else happens.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use super::ledger::chain_broken;
use super::{Failure, World};
use crate::census::Target;
use crate::digest::Digest;
use crate::ledger::{ChainBreak, Entry, GENESIS, Known, hold_head, verify_chain};
use crate::port::{Database, DatabaseError, Folders};

/// The most bytes kept of one ledger; beyond it, the beginning is kept and the rest is read.
const MOST_KEPT_BYTES: usize = 128 * 1024 * 1024;
/// Fewer new entries than this are not worth a write of the file.
const LEAST_NEW: u64 = 64;
/// The file is written anew when this part of it is new, so that all writes together stay within a few times its size.
const NEW_PART: u64 = 8;

/// What this desk has verified of the ledgers it has met.
#[derive(Default)]
pub struct KnownLedgers {
    folder: Option<PathBuf>,
    met: Mutex<BTreeMap<String, Met>>,
}

/// One ledger in memory.
#[derive(Clone, Default)]
struct Met {
    known: Known,
    file: Kept,
}

/// What the file is to the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kept {
    /// It holds this many of its entries.
    Holds(u64),
    /// It holds a head that this ledger does not: it is left as it is, for `ledger verify` to name.
    AnotherHead,
}

impl Default for Kept {
    fn default() -> Self {
        Self::Holds(0)
    }
}

impl KnownLedgers {
    /// Keeps its files in this folder, which is made when it is needed; without a folder it keeps them in memory only.
    #[must_use]
    pub fn new(folder: Option<PathBuf>) -> Self {
        Self { folder, met: Mutex::default() }
    }

    /// Returns the file in which this desk holds stops that the ledger of this database has not taken.
    pub(super) fn held_stops(&self, target: &Target) -> Option<PathBuf> {
        self.folder.as_ref().map(|folder| folder.join(format!("stops-{}.json", file_name(target))))
    }

    /// Forgets what is in memory, as a new start does: another connection may lead to another copy of a database.
    pub fn forget(&self) {
        self.met.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Reads what follows on what is known and verifies it. Of a ledger that does not hold it gives all there is, and why.
    pub(super) async fn look(
        &self,
        folders: &dyn Folders,
        database: &dyn Database,
    ) -> Result<(Known, Option<ChainBreak>), DatabaseError> {
        let name = file_name(&database.target().await?);
        let in_memory = self.met.lock().unwrap_or_else(PoisonError::into_inner).get(&name).cloned();
        let was_met = in_memory.is_some();
        let met = in_memory.unwrap_or_else(|| self.kept(folders, &name).unwrap_or_default());
        let read = database.ledger_read(met.known.read_after()).await?;
        let met = match self.extend(&name, met, read) {
            Ok(mut met) => {
                self.keep(folders, &name, &mut met);
                return Ok((met.known, None));
            }
            Err(met) => met,
        };
        // From the start: the break that counts is the first one, and a file may hold the head of another copy.
        let entries = database.ledger_read(0).await?;
        let (seq, hash) = met.known.head();
        let mut from_start = Known::default();
        let broken = from_start.extend(entries.clone()).and_then(|()| {
            // What this very session verified on this connection cannot go away by itself.
            if was_met { hold_head(&entries, seq, hash) } else { Ok(()) }
        });
        if let Err(broken) = broken {
            return Ok((Known::unverified(entries), Some(broken)));
        }
        let file = if was_met { met.file } else { Kept::AnotherHead };
        let mut met = Met { known: from_start, file };
        self.keep(folders, &name, &mut met);
        Ok((met.known, None))
    }

    /// Adds what was read. Nothing is copied when the memory holds the only other copy, or every look would cost the whole
    /// ledger: 24 % of fifty busy desks' time, at a fifth of their ten thousand approvals.
    fn extend(&self, name: &str, met: Met, read: Vec<Entry>) -> Result<Met, Met> {
        let mut all = self.met.lock().unwrap_or_else(PoisonError::into_inner);
        let unmoved = all.get(name).is_some_and(|kept| kept.known.head() == met.known.head());
        let remembered = if unmoved { all.remove(name) } else { None };
        // The other copy goes first: what remains is then alone.
        let mut met = match remembered {
            Some(remembered) => {
                drop(met);
                remembered
            }
            None => met,
        };
        let held = met.known.extend(read);
        if unmoved {
            all.insert(name.to_owned(), met.clone());
        }
        if held.is_ok() { Ok(met) } else { Err(met) }
    }

    /// Remembers, and writes the file when enough is new. A file that cannot be written costs the next start its time.
    fn keep(&self, folders: &dyn Folders, name: &str, met: &mut Met) {
        let (seq, _) = met.known.head();
        if let (Kept::Holds(kept), Some(folder)) = (met.file, &self.folder) {
            let new = seq.saturating_sub(kept);
            if new >= LEAST_NEW && new >= kept / NEW_PART {
                let bytes = met.known.to_bytes(MOST_KEPT_BYTES);
                if folders.make_private_folder(folder).is_ok() && folders.write_file(&folder.join(name), &bytes).is_ok()
                {
                    // Counted as kept even where only the beginning fitted: more will not fit later either.
                    met.file = Kept::Holds(seq);
                }
            }
        }
        let mut all = self.met.lock().unwrap_or_else(PoisonError::into_inner);
        // Of two looks at once the one that saw more is remembered.
        if all.get(name).is_none_or(|other| other.known.head().0 <= seq) {
            all.insert(name.to_owned(), met.clone());
        }
    }

    /// Reads the file of a ledger; one that is not there or does not prove itself is nothing.
    fn kept(&self, folders: &dyn Folders, name: &str) -> Option<Met> {
        let bytes = folders.read_file(&self.folder.as_ref()?.join(name)).ok()?;
        let known = Known::from_bytes(&bytes)?;
        let file = Kept::Holds(known.head().0);
        Some(Met { known, file })
    }
}

/// Opens the ledger as this desk knows it, and refuses one whose chain does not hold.
///
/// # Errors
/// When there is none, or its chain is broken.
pub async fn open_ledger(world: &World, database: &dyn Database) -> Result<Known, Failure> {
    let (known, broken) = world.ledgers.look(&*world.folders, database).await?;
    broken.map_or(Ok(known), |broken| Err(chain_broken(&broken)))
}

/// A ledger that was verified from its first entry.
pub struct Audit {
    /// Every entry.
    pub entries: Vec<Entry>,
    /// The first bad one.
    pub broken: Option<ChainBreak>,
    /// The newest entry this desk had verified before, when it had kept one.
    pub known: Option<(u64, Digest)>,
    /// The file it was kept in.
    pub kept_in: Option<PathBuf>,
}

/// Verifies the whole ledger, whatever this desk has verified before, and that it still holds what this desk knew.
///
/// # Errors
/// When there is no ledger, or it cannot be read.
pub async fn audit_ledger(world: &World, database: &dyn Database) -> Result<Audit, Failure> {
    let name = file_name(&database.target().await?);
    let kept = world.ledgers.kept(&*world.folders, &name);
    let entries = database.ledger_read(0).await?;
    let known = kept.map(|met| met.known.head());
    let held = |(seq, hash)| hold_head(&entries, seq, hash);
    let broken = verify_chain(&entries, None).and_then(|()| known.map_or(Ok(()), held)).err();
    let kept_in = world.ledgers.folder.as_ref().filter(|_| known.is_some()).map(|folder| folder.join(&name));
    if broken.is_none() {
        // The next look begins here.
        world.ledgers.look(&*world.folders, database).await?;
    }
    Ok(Audit { entries, broken, known, kept_in })
}

/// One file a ledger: which server, which database, and which beginning.
fn file_name(target: &Target) -> String {
    // Digits by what a server answers; anything else must not become a path.
    let server: String = target.system_identifier.chars().filter(char::is_ascii_digit).collect();
    format!("ledger-{server}-{}-{}", target.database_oid, &GENESIS.to_string()[..8])
}
