//! Takes the first bad entry of a chain and its neighbours; gives in plain words which it is, what was expected and found,
//! what that means and what to do; refuses to name a culprit: a chain says where, not who.

use serde::{Deserialize, Serialize};

use super::{ChainBreak, Entry};

/// Why a chain does not hold, for somebody who must act on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explained {
    /// The number of the first bad entry.
    pub entry: u64,
    /// What is wrong with it, in a few words.
    pub problem: String,
    /// What must stand there.
    pub expected: String,
    /// What stands there.
    pub found: String,
    /// What this means.
    pub meaning: String,
    /// What to do next.
    pub next: String,
}

impl ChainBreak {
    /// Explains this break; `entries` is the ledger it was found in.
    #[must_use]
    pub fn explain(&self, entries: &[Entry]) -> Explained {
        let said = |entry: u64, problem: &str, expected: String, found: String, meaning: String, next: &str| {
            Explained { entry, problem: problem.to_owned(), expected, found, meaning, next: next.to_owned() }
        };
        let hash = |digest: &crate::digest::Digest| format!("hash {digest}");
        match self {
            Self::Place { expected, actual } if actual > expected => said(
                *expected,
                "missing number",
                format!("entry {expected}"),
                format!("entry {actual}"),
                match actual - expected {
                    1 => format!("Entry {expected} was removed."),
                    count => format!("{count} entries were removed, {expected} to {}.", actual - 1),
                },
                KEEP,
            ),
            Self::Place { expected, actual } => said(
                *actual,
                "number out of order",
                format!("entry {expected}"),
                format!("entry {actual}"),
                format!("Entry {actual} stands in the ledger twice, or out of its place."),
                KEEP,
            ),
            Self::Previous { seq, expected, actual } => said(
                *seq,
                "wrong previous hash",
                format!("a previous {}", hash(expected)),
                format!("a previous {}", hash(actual)),
                format!(
                    "Entry {seq} was written for another entry {} than the one that is there: one of the two was replaced together with its own hash.",
                    seq.saturating_sub(1)
                ),
                KEEP,
            ),
            Self::Rewritten { seq, expected, actual } => {
                let after = entries.iter().find(|entry| entry.seq == seq + 1);
                let meaning = match after.map(|entry| entry.previous) {
                    Some(previous) if previous == *actual => format!(
                        "The fields of entry {seq} (time, login, transaction, kind or body) were edited. Its hash was left, and entry {} still names that hash.",
                        seq + 1
                    ),
                    Some(previous) if previous == *expected => {
                        format!(
                            "Only the hash that entry {seq} holds was edited: entry {} names the right one.",
                            seq + 1
                        )
                    }
                    Some(_) => format!("Entry {seq} was edited, and entry {} does not stand on it either.", seq + 1),
                    None => format!("Entry {seq}, the last one, was edited: its fields or its hash."),
                };
                said(*seq, "edited entry", hash(expected), hash(actual), meaning, KEEP)
            }
            Self::Cut { seq, expected, actual } => said(
                *seq,
                "truncated",
                format!("entry {seq} with {}", hash(expected)),
                format!("nothing after entry {actual}"),
                format!(
                    "Entry {seq} was in this ledger when its hash was taken, and is gone: entries were removed from the end, or an older copy of the database was put in its place."
                ),
                RESTORED,
            ),
            Self::Replaced { seq, expected, actual } => said(
                *seq,
                "another entry",
                hash(expected),
                hash(actual),
                format!(
                    "Entry {seq} is another one than when its hash was taken. The ledger was written anew from there or from before, or this is another copy of the database that went on by itself."
                ),
                RESTORED,
            ),
        }
    }
}

const KEEP: &str = "Stop. Run nothing on this database. Keep a copy of the schema countersign as it is, and compare it with the heads inside exported findings.";
const RESTORED: &str = "Stop. Ask whether the database was restored from a backup or failed over. If not, somebody with the rights of its owner changed the ledger: keep a copy of it.";

#[cfg(test)]
mod tests {
    use crate::ledger::{ChainBreak, Entry, GENESIS, entry_hash, hold_head, verify_chain};

    fn entries() -> Vec<Entry> {
        let mut previous = GENESIS;
        (1..=5)
            .map(|seq| {
                let mut entry = Entry {
                    seq,
                    at: String::new(),
                    actor: "ops".to_owned(),
                    xid: String::new(),
                    kind: "stopped".to_owned(),
                    body: format!("{{\"n\":{seq}}}"),
                    previous,
                    hash: GENESIS,
                };
                entry.hash = entry_hash(&entry);
                previous = entry.hash;
                entry
            })
            .collect()
    }

    /// Tampers, and compares number, problem and meaning.
    fn check(change: impl FnOnce(&mut Vec<Entry>), expected: &str) {
        let head = entries()[4].hash;
        let mut there = entries();
        change(&mut there);
        let broken: Result<(), ChainBreak> = verify_chain(&there, None).and_then(|()| hold_head(&there, 5, head));
        let found = broken.map_or_else(
            |broken| {
                let said = broken.explain(&there);
                assert!(!said.expected.is_empty() && said.expected != said.found && said.next.starts_with("Stop."));
                format!("{}: {}: {}", said.entry, said.problem, said.meaning)
            },
            |()| "holds".to_owned(),
        );
        assert!(found.starts_with(expected), "{found}\n  expected {expected}");
    }

    #[test]
    fn every_way_to_tamper_has_its_own_words() {
        check(|_| {}, "holds");
        check(|it| it[1].body.push(' '), "2: edited entry: The fields of entry 2");
        check(|it| it[1].hash = GENESIS, "2: edited entry: Only the hash");
        check(|it| it[4].hash = GENESIS, "5: edited entry: Entry 5, the last one");
        check(|it| drop(it.remove(2)), "3: missing number: Entry 3 was removed.");
        check(|it| drop(it.drain(1..3)), "2: missing number: 2 entries were removed, 2 to 3.");
        check(|it| it.insert(2, entries()[1].clone()), "2: number out of order");
        check(
            |it| {
                it[1].body.push(' ');
                it[1].hash = entry_hash(&it[1]);
            },
            "3: wrong previous hash",
        );
        check(|it| it.truncate(3), "5: truncated");
        check(Vec::clear, "5: truncated");
        check(
            |it| {
                it[4].body.push(' ');
                it[4].hash = entry_hash(&it[4]);
            },
            "5: another entry",
        );
    }
}
