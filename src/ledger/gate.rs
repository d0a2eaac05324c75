//! Takes the entries, a request and a run; gives what forbids that run now: a stop that holds, or a request that is void.

use std::collections::BTreeSet;

use super::{Body, Entry, Halt, StopState};
use crate::digest::Digest;
use crate::run::LedgerGate;

/// The kinds of entries that a gate looks at; the others need not be read.
pub const GATE_KINDS: [&str; 10] = [
    "stopped",
    "restart",
    "rejected",
    "withdrawn",
    "intent",
    "committed",
    "ended",
    "roster_proposed",
    "roster_approved",
    "roster_withdrawn",
];

/// Returns the reason of the oldest stop that holds (D-61). An entry that cannot be read is a stop.
#[must_use]
pub fn standing_stop(entries: &[Entry]) -> Option<String> {
    Halt::of(entries).stop().map(words)
}

fn words(stop: &StopState) -> String {
    format!("{}: {}", stop.condition, stop.reason)
}

/// Says what the ledger forbids a run of this request (D-61, D-74).
///
/// A withdrawal after the run's intent voids the request whoever made it: whether enough others remain is for a new
/// countersignature to say, not for a run that has begun. Those before it are named, because the one who countersigned may
/// have read the ledger before they came: signing takes as long as a person takes.
#[must_use]
pub fn gate(entries: &[Entry], request_digest: Digest, run: &str) -> LedgerGate {
    let mut void = None;
    let mut began = false;
    let mut first: Option<String> = None;
    let mut own: Option<u64> = None;
    let (mut withdrawn, mut rosters) = (BTreeSet::new(), Vec::new());
    for (entry, body) in entries.iter().filter_map(|entry| Some((entry, read(entry).ok()?))) {
        rosters.extend(body.roster_deed(&entry.at));
        let reason = match &body {
            Body::Rejected { request_digest: of, reason, signature } if *of == request_digest => {
                Some(format!("{} rejected it: {reason}", signature.principal))
            }
            Body::Withdrawn { request_digest: of, reason, signature } if *of == request_digest => {
                withdrawn.insert(signature.principal.clone());
                began.then(|| format!("{} withdrew an approval: {reason}", signature.principal))
            }
            // Of two operators at the same moment the first intent has it, as in `replay`; the second stands back.
            Body::Intent { request_digest: of, run: by, .. } if *of == request_digest => {
                let first = first.get_or_insert_with(|| by.clone());
                if first == run {
                    (began, own) = (true, own.or(Some(entry.seq)));
                }
                (first != run).then(|| format!("run {first} has used it; an approval is used once"))
            }
            // Stages of one run are committed one after another: its own are no obstacle.
            Body::Committed { request_digest: of, run: by, .. } if *of == request_digest => {
                (by != run).then(|| format!("run {by} has used it; an approval is used once"))
            }
            // Of another run only its intent counts: one that stood back says so in an entry of its own.
            Body::Ended { request_digest: of, run: by, outcome: _, evidence: _ } if *of == request_digest => {
                (by == run).then(|| "this run has ended already".to_owned())
            }
            Body::Baseline { .. }
            | Body::Staged { .. }
            | Body::Approved { .. }
            | Body::Rejected { .. }
            | Body::Withdrawn { .. }
            | Body::Intent { .. }
            | Body::Committed { .. }
            | Body::Ended { .. }
            | Body::Finding { .. }
            | Body::Stopped { .. }
            | Body::Restart { .. }
            | Body::RosterProposed { .. }
            | Body::RosterApproved { .. }
            | Body::RosterWithdrawn { .. } => None,
        };
        void = void.or(reason);
    }
    if !began {
        void = void.or_else(|| Some("the intent of this run is not in the ledger".to_owned()));
    }
    let halt = Halt::of(entries);
    // D-62: what was approved before a disaster is void, however fast the restart came.
    let restarted = own.and_then(|intent| halt.voids(intent));
    void =
        void.or_else(|| restarted.map(|lift| format!("ledger entry {} restarted the target since it began", lift.seq)));
    LedgerGate { stop: halt.stop().map(words), void, withdrawn, rosters }
}

fn read(entry: &Entry) -> Result<Body, String> {
    serde_json::from_str(&entry.body).map_err(|error| format!("ledger entry {} cannot be read: {error}", entry.seq))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::approval::SignedBytes;
    use crate::ledger::GENESIS;
    use crate::run::Outcome;
    use crate::runbook::Principal;

    fn digest() -> Digest {
        Digest::of(b"request")
    }

    fn by(name: &str) -> SignedBytes {
        SignedBytes { principal: Principal::from(name), signature: String::new() }
    }

    fn intent(run: &str) -> Body {
        Body::Intent { request_digest: digest(), run: run.to_owned(), operator: "lan".into(), signature: by("lan") }
    }

    fn withdrawn(request_digest: Digest) -> Body {
        Body::Withdrawn { request_digest, reason: "no".to_owned(), signature: by("minh") }
    }

    fn stopped() -> Body {
        Body::Stopped { condition: "c".to_owned(), reason: "r".to_owned(), by: None, detail: None }
    }

    fn check(bodies: &[Body], expected: &str) {
        let entries: Vec<Entry> = bodies
            .iter()
            .zip(1..)
            .map(|(body, seq)| Entry {
                seq,
                at: String::new(),
                actor: String::new(),
                xid: String::new(),
                kind: body.kind().to_owned(),
                body: body.to_text(),
                previous: GENESIS,
                hash: GENESIS,
            })
            .collect();
        let LedgerGate { stop, void, withdrawn, rosters: _ } = gate(&entries, digest(), "a");
        let withdrawn: String = withdrawn.iter().map(|who| format!(" - {who}")).collect();
        assert_eq!(format!("{} | {}{withdrawn}", stop.unwrap_or_default(), void.unwrap_or_default()), expected);
    }

    #[test]
    fn only_what_speaks_of_this_run_forbids_it() {
        let other = Digest::of(b"other");
        check(&[intent("a")], " | ");
        check(&[intent("a"), withdrawn(other)], " | ");
        check(&[withdrawn(digest()), intent("a")], " |  - minh");
        check(&[intent("a"), withdrawn(digest())], " | minh withdrew an approval: no - minh");
        check(&[], " | the intent of this run is not in the ledger");
        check(&[intent("b"), intent("a")], " | run b has used it; an approval is used once");
        check(&[intent("a"), intent("b")], " | ");
        let stood_back = Body::Ended {
            request_digest: digest(),
            run: "b".to_owned(),
            outcome: Outcome::RolledBack { reason: String::new(), committed: Vec::new() },
            evidence: crate::run::Evidence::default(),
        };
        check(&[intent("a"), intent("b"), stood_back], " | ");
        check(
            &[
                intent("a"),
                Body::Ended {
                    request_digest: digest(),
                    run: "a".to_owned(),
                    outcome: Outcome::Committed,
                    evidence: crate::run::Evidence::default(),
                },
            ],
            " | this run has ended already",
        );
        check(
            &[intent("a"), Body::Rejected { request_digest: digest(), reason: "x".to_owned(), signature: by("an") }],
            " | an rejected it: x",
        );
    }

    #[test]
    fn a_stop_holds_whoever_says_that_it_was_lifted() {
        let lifted = || Body::Restart { document: "{}".to_owned(), signature: by("tam") };
        check(&[stopped(), intent("a")], "c: r | ");
        check(&[intent("a")], " | ");
        check(&[stopped(), lifted(), intent("a")], "c: r | ");
        check(&[stopped(), stopped(), lifted(), intent("a")], "c: r | ");
    }
}
