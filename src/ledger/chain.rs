//! Takes entries; gives whether each stands on the one before it; refuses gaps, reordering and rewriting, and says
//! where.
//!
//! The database computes the same hash in its trigger: SHA-256 over length-prefixed fields, so that no two different
//! entries share a text.

use std::fmt::Write as _;

use super::Entry;
use crate::digest::Digest;

/// The `previous` of the first entry: SHA-256 of `countersign/ledger/1`.
pub const GENESIS: Digest = Digest::from_bytes([
    0x77, 0xd0, 0x86, 0x4d, 0x89, 0x1a, 0x64, 0x33, 0x45, 0x68, 0xe7, 0xe1, 0xf4, 0x60, 0x37, 0xf9, 0xbd, 0x49, 0x11,
    0xf9, 0x0d, 0x9d, 0x96, 0xae, 0x27, 0x49, 0x3e, 0x6a, 0xaf, 0x11, 0x68, 0xac,
]);

/// The first entry that does not stand on the one before it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChainBreak {
    /// An entry is missing, or out of its place.
    #[error(
        "the ledger has entry {actual} where entry {expected} must stand: entries were removed or reordered; keep a copy and compare the head with the last finding"
    )]
    Place {
        /// The number that must come.
        expected: u64,
        /// The number that came.
        actual: u64,
    },
    /// An entry does not name the hash of the one before it.
    #[error(
        "ledger entry {seq} stands on {actual}, but the entry before it is {expected}: one of them was rewritten or replaced"
    )]
    Previous {
        /// The entry.
        seq: u64,
        /// The hash of the entry before it.
        expected: Digest,
        /// The hash it names.
        actual: Digest,
    },
    /// An entry's own hash is not that of its fields.
    #[error("ledger entry {seq} was rewritten: its fields digest to {expected}, but it says {actual}")]
    Rewritten {
        /// The entry.
        seq: u64,
        /// The digest of its fields.
        expected: Digest,
        /// The hash it holds.
        actual: Digest,
    },
    /// The ledger ends before an entry that is known to have been there.
    #[error(
        "the ledger ends at entry {actual}, but entry {seq} with hash {expected} was in it: entries were removed from its end, or an older copy of the database was put in its place"
    )]
    Cut {
        /// The number of the known entry.
        seq: u64,
        /// The hash of the known entry.
        expected: Digest,
        /// The number of the last entry there is.
        actual: u64,
    },
    /// An entry that is known to have been there is another one now.
    #[error(
        "ledger entry {seq} was {expected} and is {actual} now: the ledger was written anew from there or from before, or this is another copy of the database"
    )]
    Replaced {
        /// The number of the known entry.
        seq: u64,
        /// The hash it had.
        expected: Digest,
        /// The hash it has.
        actual: Digest,
    },
}

/// Checks that a head somebody knows is still in these entries, which are a ledger from its first entry on.
///
/// The chain itself is checked by [`verify_chain`]: only both together say that nothing up to the head was changed.
///
/// # Errors
/// [`ChainBreak::Cut`], [`ChainBreak::Replaced`], or [`ChainBreak::Place`] when the entry is missing in the middle.
pub fn hold_head(entries: &[Entry], seq: u64, expected: Digest) -> Result<(), ChainBreak> {
    let last = entries.last().map_or(0, |entry| entry.seq);
    // Before the first entry stands the genesis, and nothing else.
    let found = match seq {
        0 => Some(GENESIS),
        _ => entries.binary_search_by_key(&seq, |entry| entry.seq).ok().map(|at| entries[at].hash),
    };
    match found {
        Some(actual) if actual == expected => Ok(()),
        Some(actual) => Err(ChainBreak::Replaced { seq, expected, actual }),
        None if last < seq => Err(ChainBreak::Cut { seq, expected, actual: last }),
        None => Err(ChainBreak::Place {
            expected: seq,
            actual: entries.iter().find(|it| it.seq > seq).map_or(last, |it| it.seq),
        }),
    }
}

/// Digests an entry's fields as the database does.
#[must_use]
pub fn entry_hash(entry: &Entry) -> Digest {
    Digest::of(hashed_text(entry).as_bytes())
}

/// Writes the text that is hashed: whoever has it needs nothing but SHA-256 to check an entry.
#[must_use]
pub fn hashed_text(entry: &Entry) -> String {
    let Entry { seq, at, actor, xid, kind, body, previous, hash: _ } = entry;
    let mut text = String::with_capacity(body.len() + 512);
    for field in ["countersign/ledger/1", &seq.to_string(), at, actor, xid, kind, body, &previous.to_string()] {
        // A netstring: the length in bytes, a colon, the bytes, a comma.
        let _ = write!(text, "{}:{field},", field.len());
    }
    text
}

/// Checks that the entries stand on each other, beginning after `from`, or at the beginning of the ledger.
///
/// # Errors
/// The first entry that does not.
pub fn verify_chain(entries: &[Entry], from: Option<(u64, Digest)>) -> Result<(), ChainBreak> {
    let (mut seq, mut head) = from.unwrap_or((0, GENESIS));
    for entry in entries {
        if entry.seq != seq + 1 {
            return Err(ChainBreak::Place { expected: seq + 1, actual: entry.seq });
        }
        if entry.previous != head {
            return Err(ChainBreak::Previous { seq: entry.seq, expected: head, actual: entry.previous });
        }
        let expected = entry_hash(entry);
        if entry.hash != expected {
            return Err(ChainBreak::Rewritten { seq: entry.seq, expected, actual: entry.hash });
        }
        (seq, head) = (entry.seq, entry.hash);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries() -> Vec<Entry> {
        let mut previous = GENESIS;
        (1..=4)
            .map(|seq| {
                let mut entry = Entry {
                    seq,
                    at: "2026-06-01T00:00:00.000000Z".to_owned(),
                    actor: "ops".to_owned(),
                    xid: seq.to_string(),
                    kind: "stopped".to_owned(),
                    body: format!("{{\"n\":\"é{seq}\"}}"),
                    previous,
                    hash: GENESIS,
                };
                entry.hash = entry_hash(&entry);
                previous = entry.hash;
                entry
            })
            .collect()
    }

    fn check(change: impl FnOnce(&mut Vec<Entry>), expected: &str) {
        let mut entries = entries();
        change(&mut entries);
        let found = verify_chain(&entries, None).map_or_else(|error| error.to_string(), |()| "holds".to_owned());
        assert!(found.contains(expected), "{found}\n  expected {expected}");
    }

    #[test]
    fn the_genesis_is_the_digest_of_the_format_name() {
        assert_eq!(GENESIS, Digest::of(b"countersign/ledger/1"));
    }

    #[test]
    fn an_untouched_chain_holds_and_any_touch_breaks_it() {
        check(|_| {}, "holds");
        check(|entries| entries.truncate(2), "holds");
        check(|entries| drop(entries.remove(1)), "has entry 3 where entry 2");
        check(|entries| entries.swap(1, 2), "has entry 3 where entry 2");
        check(|entries| entries[2].body.push(' '), "entry 3 was rewritten");
        check(|entries| "eve".clone_into(&mut entries[0].actor), "entry 1 was rewritten");
        check(|entries| entries[1].at.replace_range(0..4, "2025"), "entry 2 was rewritten");
        check(
            |entries| {
                // Rewritten together with its own hash: the next entry gives it away.
                "eve".clone_into(&mut entries[1].actor);
                entries[1].hash = entry_hash(&entries[1]);
            },
            "entry 3 stands on",
        );
    }

    #[test]
    fn a_later_part_is_checked_from_a_known_head() {
        let entries = entries();
        assert_eq!(verify_chain(&entries[2..], Some((2, entries[1].hash))), Ok(()));
        assert!(verify_chain(&entries[2..], Some((2, entries[0].hash))).is_err());
        assert!(verify_chain(&entries[2..], None).is_err());
    }

    #[test]
    fn a_known_head_is_found_or_its_loss_is_named() {
        let check = |seq, hash, expected: &str| {
            let found =
                hold_head(&entries(), seq, hash).map_or_else(|error| error.to_string(), |()| "holds".to_owned());
            assert!(found.contains(expected), "{found}\n  expected {expected}");
        };
        for entry in entries() {
            check(entry.seq, entry.hash, "holds");
            check(entry.seq, GENESIS, "the ledger was written anew");
        }
        check(0, GENESIS, "holds");
        check(0, entries()[0].hash, "the ledger was written anew");
        check(5, GENESIS, "the ledger ends at entry 4, but entry 5");
        let mut gap = entries();
        gap.remove(1);
        assert!(matches!(hold_head(&gap, 2, GENESIS), Err(ChainBreak::Place { expected: 2, actual: 3 })));
    }

    #[test]
    fn fields_cannot_flow_into_each_other() {
        let mut one = entries().remove(0);
        let mut other = one.clone();
        (one.actor, one.xid) = ("ab".to_owned(), "c".to_owned());
        (other.actor, other.xid) = ("a".to_owned(), "bc".to_owned());
        assert_ne!(entry_hash(&one), entry_hash(&other));
    }
}
