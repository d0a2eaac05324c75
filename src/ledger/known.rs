//! Takes entries as they are read; gives what a desk has verified of a ledger and what that adds up to; refuses to go on
//! when the newest verified entry is no longer there.
//!
//! A desk may keep what it verified as bytes. They are the very texts that are hashed, one entry after another, so they
//! prove themselves: read back, they are a chain from the genesis to a head, or they are nothing. What such a head is worth
//! is for the ledger in the database to say: its entry of that number must be the same one.

use std::sync::Arc;

use super::chain::hashed_text;
use super::replay::{Places, replay_on};
use super::{ChainBreak, Entry, GENESIS, State, verify_chain};
use crate::digest::Digest;

/// The first field of every hashed text.
const FORMAT: &str = "countersign/ledger/1";

/// A ledger as far as it was verified, with what it adds up to.
#[derive(Clone, Debug, Default)]
pub struct Known {
    entries: Arc<Vec<Entry>>,
    state: Arc<State>,
    places: Places,
}

impl Known {
    /// Adds entries up without verifying them: what there is to show of a ledger that does not hold.
    #[must_use]
    pub fn unverified(entries: Vec<Entry>) -> Self {
        let mut known = Self::default();
        replay_on(Arc::make_mut(&mut known.state), &mut known.places, &entries);
        known.entries = Arc::new(entries);
        known
    }

    /// Returns the entries, the first one first.
    #[must_use]
    pub fn entries(&self) -> &Arc<Vec<Entry>> {
        &self.entries
    }

    /// Returns what the entries add up to.
    #[must_use]
    pub fn state(&self) -> &Arc<State> {
        &self.state
    }

    /// Returns the number and hash of the newest verified entry; 0 and the genesis when there is none.
    #[must_use]
    pub fn head(&self) -> (u64, Digest) {
        self.entries.last().map_or((0, GENESIS), |entry| (entry.seq, entry.hash))
    }

    /// Returns the number after which to read: the newest verified entry is read once more, to see that it is still there.
    #[must_use]
    pub fn read_after(&self) -> u64 {
        self.head().0.saturating_sub(1)
    }

    /// Verifies and adds what was read after [`Known::read_after`]. Nothing is added when it does not hold.
    ///
    /// # Errors
    /// The first entry that does not stand on the one before it, or that the newest verified entry is gone.
    pub fn extend(&mut self, read: Vec<Entry>) -> Result<(), ChainBreak> {
        let (seq, head) = self.head();
        let mut read = read;
        if seq > 0 {
            match read.first() {
                // Nothing after the entry before it: the newest verified one is gone. How much more is, nobody has looked.
                None => return Err(ChainBreak::Cut { seq, expected: head, actual: seq - 1 }),
                Some(first) if first.seq != seq => {
                    return Err(ChainBreak::Place { expected: seq, actual: first.seq });
                }
                Some(first) if first.hash != head => {
                    return Err(ChainBreak::Replaced { seq, expected: head, actual: first.hash });
                }
                Some(first) => {
                    let before = self.entries.len().checked_sub(2).map(|at| &self.entries[at]);
                    let before = before.map(|entry| (entry.seq, entry.hash));
                    verify_chain(std::slice::from_ref(first), before)?;
                }
            }
            read.remove(0);
        }
        verify_chain(&read, Some((seq, head)))?;
        if !read.is_empty() {
            replay_on(Arc::make_mut(&mut self.state), &mut self.places, &read);
            Arc::make_mut(&mut self.entries).append(&mut read);
        }
        Ok(())
    }

    /// Returns the beginning of what is known as bytes, as many whole entries as fit into so many bytes.
    #[must_use]
    pub fn to_bytes(&self, most: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        for entry in self.entries.iter() {
            let text = hashed_text(entry);
            if bytes.len() + text.len() > most {
                break;
            }
            bytes.extend_from_slice(text.as_bytes());
        }
        bytes
    }

    /// Reads [`Known::to_bytes`]; bytes that are not a chain from the genesis on are `None`.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut rest = std::str::from_utf8(bytes).ok()?;
        let (mut entries, mut head) = (Vec::new(), GENESIS);
        while !rest.is_empty() {
            let whole = rest;
            let mut next = || field(&mut rest);
            if next()? != FORMAT {
                return None;
            }
            let seq: u64 = next()?.parse().ok()?;
            let [at, actor, xid, kind, body] = [next()?, next()?, next()?, next()?, next()?].map(str::to_owned);
            let previous = Digest::from_hex(next()?)?;
            let hash = Digest::of(&whole.as_bytes()[..whole.len() - rest.len()]);
            let place = u64::try_from(entries.len()).ok()? + 1;
            if previous != head || seq != place {
                return None;
            }
            head = hash;
            entries.push(Entry { seq, at, actor, xid, kind, body, previous, hash });
        }
        Some(Self::unverified(entries))
    }
}

/// Takes one netstring off the front.
fn field<'a>(rest: &mut &'a str) -> Option<&'a str> {
    let (length, after) = rest.split_once(':')?;
    let length: usize = length.parse().ok()?;
    let (text, after) = (after.get(..length)?, after.get(length..)?);
    *rest = after.strip_prefix(',')?;
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{Body, entry_hash, replay};

    fn ledger(count: u64) -> Vec<Entry> {
        let mut previous = GENESIS;
        (1..=count)
            .map(|seq| {
                let body =
                    Body::Stopped { condition: "c".to_owned(), reason: format!("é{seq}"), by: None, detail: None };
                let mut entry = Entry {
                    seq,
                    at: "2026-06-01T00:00:00.000000Z".to_owned(),
                    actor: "ops".to_owned(),
                    xid: seq.to_string(),
                    kind: body.kind().to_owned(),
                    body: body.to_text(),
                    previous,
                    hash: GENESIS,
                };
                entry.hash = entry_hash(&entry);
                previous = entry.hash;
                entry
            })
            .collect()
    }

    fn known(count: u64) -> Known {
        let mut known = Known::default();
        known.extend(ledger(count)).unwrap();
        known
    }

    /// Knows four entries, reads what a changed ledger of six gives from there, and says how that went.
    fn check(change: impl FnOnce(&mut Vec<Entry>), expected: &str) {
        let mut there = ledger(6);
        change(&mut there);
        let mut known = known(4);
        let read = there.into_iter().filter(|entry| entry.seq > known.read_after()).collect();
        let found = known.extend(read).map_or_else(|broken| broken.to_string(), |()| "holds".to_owned());
        assert!(found.contains(expected), "{found}\n  expected {expected}");
        assert_eq!(known.head().0, if found == "holds" { 6 } else { 4 }, "nothing is added when it does not hold");
    }

    #[test]
    fn what_follows_is_added_and_gives_the_same_state() {
        check(|_| {}, "holds");
        let mut by_steps = Known::default();
        for until in [0, 1, 1, 2, 5, 6] {
            let read = ledger(until).into_iter().filter(|entry| entry.seq > by_steps.read_after()).collect();
            by_steps.extend(read).unwrap();
            assert_eq!(by_steps.head().0, until);
        }
        assert_eq!((&**by_steps.state(), &**by_steps.entries()), (&replay(&ledger(6)), &ledger(6)));
    }

    #[test]
    fn a_newest_entry_that_is_gone_or_another_one_is_named() {
        check(|there| there.truncate(3), "ends at entry 3, but entry 4");
        check(Vec::clear, "but entry 4");
        check(|there| drop(there.remove(3)), "has entry 5 where entry 4");
        check(
            |there| {
                "eve".clone_into(&mut there[3].actor);
                there[3].hash = entry_hash(&there[3]);
            },
            "ledger entry 4 was",
        );
        // Its hash is left as it was: only its fields tell.
        check(|there| "eve".clone_into(&mut there[3].actor), "entry 4 was rewritten");
        check(|there| "eve".clone_into(&mut there[4].actor), "entry 5 was rewritten");
    }

    #[test]
    fn kept_bytes_prove_themselves() {
        let whole = known(3);
        let bytes = whole.to_bytes(usize::MAX);
        let again = Known::from_bytes(&bytes).unwrap();
        assert_eq!((again.entries(), again.state()), (whole.entries(), whole.state()));
        assert_eq!(Known::from_bytes(&[]).map(|known| known.head()), Some((0, GENESIS)));
        // As many whole entries as fit.
        let part = Known::from_bytes(&whole.to_bytes(bytes.len() - 1)).unwrap();
        assert_eq!(part.head(), known(2).head());
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            let head = Known::from_bytes(&changed).map(|known| known.head());
            assert_ne!(head, Some(whole.head()), "byte {at}");
            assert!(Known::from_bytes(&bytes[..at]).is_none_or(|cut| cut.head().0 < 3), "cut at {at}");
        }
    }
}
