//! Takes a stop that the ledger did not take; holds it in a file of this desk; refuses to forget it before it was uploaded.

use std::path::PathBuf;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::stop::Latch;
use super::{Failure, FailureKind, World};
use crate::census::Target;
use crate::ledger::Body;
use crate::port::DatabaseError;

/// The format name of the file.
const HELD_FORMAT: &str = "countersign/held-stops/1";

/// A stop that holds at this desk alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeldStop {
    /// Since when, by this desk's clock.
    pub since: Timestamp,
    /// Why the ledger was not written.
    pub reason: String,
    /// The entry that waits.
    pub body: Body,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct HeldFile {
    format: String,
    stops: Vec<HeldStop>,
}

/// Returns the stops that hold at this desk on this target, the oldest first.
///
/// # Errors
/// When the file is there and cannot be read: what is not understood is not ignored.
pub fn held_here(world: &World, target: &Target) -> Result<Vec<HeldStop>, Failure> {
    let Some(path) = world.ledgers.held_stops(target) else { return Ok(Vec::new()) };
    // A file that is not there is the ordinary case, and no port tells it from one that cannot be opened.
    let Ok(bytes) = world.folders.read_file(&path) else { return Ok(Vec::new()) };
    match serde_json::from_slice::<HeldFile>(&bytes) {
        Ok(file) if file.format == HELD_FORMAT => Ok(file.stops),
        Ok(_) | Err(_) => {
            let message =
                format!("the stops held at this desk cannot be read in {}: it is not {HELD_FORMAT}", path.display());
            let hint = "Look at the file: it may hold a stop that never reached the ledger. Declare that stop by hand, then move \
                        the file away.";
            Err(Failure::new(FailureKind::Stopped, message, hint))
        }
    }
}

/// Holds a stop here because the ledger did not take it.
pub(super) fn hold_here(world: &World, target: &Target, body: Body, error: &DatabaseError) -> Latch {
    let reason = error.to_string();
    let Some(file) = world.ledgers.held_stops(target) else {
        return Latch::Unlatched(format!("{reason}, and this desk has no folder to hold it in"));
    };
    let mut held = match held_here(world, target) {
        Ok(held) => held,
        Err(unreadable) => return Latch::Unlatched(unreadable.message),
    };
    // The same disaster seen twice is one.
    let condition = |body: &Body| match body {
        Body::Stopped { condition, .. } => condition.clone(),
        other => other.kind().to_owned(),
    };
    if !held.iter().any(|known| condition(&known.body) == condition(&body)) {
        held.push(HeldStop { since: world.clock.now(), reason: reason.clone(), body });
    }
    match keep_here(world, target, &held) {
        Ok(()) => Latch::Here { file, reason },
        Err(failure) => Latch::Unlatched(format!("{reason}, and it could not be held here: {}", failure.message)),
    }
}

/// Writes what this desk holds.
pub(super) fn keep_here(world: &World, target: &Target, held: &[HeldStop]) -> Result<(), Failure> {
    let Some(path) = world.ledgers.held_stops(target) else { return Ok(()) };
    let file = HeldFile { format: HELD_FORMAT.to_owned(), stops: held.to_vec() };
    let bytes = serde_json::to_vec_pretty(&file)
        .map_err(|error| Failure::new(FailureKind::Unreadable, error.to_string(), "Report this."))?;
    if let Some(folder) = path.parent().map(PathBuf::from) {
        world.folders.make_private_folder(&folder)?;
    }
    world.folders.write_file(&path, &bytes)?;
    Ok(())
}
