//! Every byte of every signed thing, changed: each change must be refused at the door where the thing is used, and the
//! untouched original must be let in by the same door.
//!
//! Changes tried at a byte: one bit flipped (another one at each place), the case bit flipped, the byte left out, the byte
//! doubled, a space and a line feed put before it. What is known to have more than one spelling elsewhere has one here:
//! - JSON white space, key order, escapes and number forms: only the canonical text is read (`read_strict`).
//! - The armour of a signature: only what `ssh-keygen` writes, with one line feed at its end (`read_armour`). That takes in
//!   base64 slack bits, line lengths and white space.
//! - The roster is TOML, where comments and white space mean nothing: the signed document binds the digest of its exact text.
//! - A ledger entry's fields are hashed as they stand, body white space included.
//!
//! So there is no byte that may change and changes nothing, and no list of exceptions.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::kinds::{of_comparison, of_restart, of_stop};
use super::tests::{exported, finding, subject};
use super::{Finding, export, hold_against, verify_export};
use crate::approval::fixture::{Desk, noon, roster_text};
use crate::approval::{Namespace, RosterAct, RosterDeed, SignedBytes, check_roster, countersign, parse_roster, verify};
use crate::ledger::{Body, ChainBreak, Entry, GENESIS, Known, entry_hash, hold_head, verify_chain};
use crate::plan::{Request, SealedPlan, canonical, read_strict};

/// How many changes are tried at one byte.
const KINDS: usize = 6;

/// Changes one byte in one way; `None` when that changes nothing.
fn changed(bytes: &[u8], at: usize, kind: usize) -> Option<Vec<u8>> {
    let mut bytes = bytes.to_vec();
    let before = bytes.clone();
    match kind {
        0 => bytes[at] ^= 1 << (at % 8),
        1 => bytes[at] ^= 0x20,
        2 => drop(bytes.remove(at)),
        3 => bytes.insert(at, bytes[at]),
        4 => bytes.insert(at, b' '),
        _ => bytes.insert(at, b'\n'),
    }
    (bytes != before).then_some(bytes)
}

/// Tries every change at every byte on two threads; gives how many were tried. `is_let_in` is the door.
fn every(
    name: &str,
    original: &[u8],
    kinds: &[usize],
    stride: usize,
    is_let_in: impl Fn(&[u8]) -> bool + Sync,
) -> usize {
    assert!(is_let_in(original), "{name}: the untouched original is refused");
    let tried = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for half in 0..2 {
            let (tried, is_let_in) = (&tried, &is_let_in);
            scope.spawn(move || {
                for at in (0..original.len()).step_by(stride).filter(|at| at / stride % 2 == half) {
                    for kind in kinds {
                        let Some(changed) = changed(original, at, *kind) else { continue };
                        tried.fetch_add(1, Ordering::Relaxed);
                        let shown =
                            String::from_utf8_lossy(&changed[at.saturating_sub(20)..changed.len().min(at + 20)]);
                        assert!(!is_let_in(&changed), "{name}: change {kind} at byte {at} is let in: {shown:?}");
                    }
                }
            });
        }
    });
    tried.into_inner()
}

const ALL: [usize; KINDS] = [0, 1, 2, 3, 4, 5];

fn text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}

/// The run door with the parts as given; a part that cannot be read opens nothing.
struct Door {
    desk: Desk,
    plan: String,
    request: String,
    signatures: Vec<SignedBytes>,
}

impl Door {
    fn new() -> Self {
        let desk = Desk::new();
        let plan = canonical(&desk.plan).unwrap();
        let request = canonical(&desk.request).unwrap();
        let signatures = vec![desk.approval("lan"), desk.approval("minh")];
        Self { desk, plan, request, signatures }
    }

    fn opens(&self, plan: &str, request: &str, signatures: &[SignedBytes], roster: &str) -> bool {
        let mut deeds = self.desk.deeds.clone();
        let RosterAct::Proposed { roster: text, .. } = &mut deeds[0].act else { panic!("the first act proposes") };
        roster.clone_into(text);
        self.opens_under(plan, request, signatures, &deeds)
    }

    fn opens_under(&self, plan: &str, request: &str, signatures: &[SignedBytes], deeds: &[RosterDeed]) -> bool {
        let (Ok(plan), Ok(request)) = (SealedPlan::read(plan), read_strict::<Request>(request)) else { return false };
        let Ok(version) = check_roster(plan.plan(), deeds) else { return false };
        countersign(plan, &self.desk.rehearsal, request, signatures, &version, noon()).is_ok()
    }
}

#[test]
fn every_byte_of_a_plan() {
    let door = Door::new();
    let opens = |bytes: &[u8]| {
        text(bytes).is_some_and(|plan| door.opens(plan, &door.request, &door.signatures, &door.desk.roster.text))
    };
    assert!(every("plan", door.plan.as_bytes(), &ALL, 1, opens) > 5 * door.plan.len());
}

#[test]
fn every_byte_of_a_request() {
    let door = Door::new();
    let opens = |bytes: &[u8]| {
        text(bytes).is_some_and(|request| door.opens(&door.plan, request, &door.signatures, &door.desk.roster.text))
    };
    assert!(every("request", door.request.as_bytes(), &ALL, 1, opens) > 5 * door.request.len());
}

#[test]
fn every_byte_of_an_approval() {
    let door = Door::new();
    let [lan, minh] = door.signatures.as_slice() else { panic!("two approvals") };
    let counts =
        |signed: SignedBytes| door.opens(&door.plan, &door.request, &[signed, minh.clone()], &door.desk.roster.text);
    let armour = |bytes: &[u8]| {
        text(bytes).is_some_and(|armour| counts(SignedBytes { signature: armour.to_owned(), ..lan.clone() }))
    };
    let principal =
        |bytes: &[u8]| text(bytes).is_some_and(|name| counts(SignedBytes { principal: name.into(), ..lan.clone() }));
    assert!(every("armour", lan.signature.as_bytes(), &ALL, 1, armour) > 5 * lan.signature.len());
    every("principal", lan.principal.as_str().as_bytes(), &ALL, 1, principal);
}

#[test]
fn every_byte_of_a_roster() {
    let door = Door::new();
    // With a comment and white space, which TOML would let anybody change.
    let mut desk = Desk::new();
    desk.roster = parse_roster(&format!("# Who may sign.\n\n{}", roster_text())).unwrap();
    desk.bind();
    let commented = Door {
        plan: canonical(&desk.plan).unwrap(),
        request: canonical(&desk.request).unwrap(),
        signatures: vec![desk.approval("lan"), desk.approval("minh")],
        desk,
    };
    assert_ne!(door.desk.roster.digest, commented.desk.roster.digest);
    let roster = commented.desk.roster.text.clone();
    let opens = |bytes: &[u8]| {
        text(bytes).is_some_and(|it| commented.opens(&commented.plan, &commented.request, &commented.signatures, it))
    };
    // Reading six keys a time is slow without optimisation: every byte is changed, in three of the six ways.
    assert!(every("roster", roster.as_bytes(), &[0, 2, 5], 1, opens) > 2 * roster.len());
}

#[test]
fn every_byte_of_what_brought_a_roster_into_force() {
    let door = Door::new();
    let opens = |which: usize, change: &dyn Fn(&mut RosterDeed)| {
        let mut deeds = door.desk.deeds.clone();
        change(&mut deeds[which]);
        door.opens_under(&door.plan, &door.request, &door.signatures, &deeds)
    };
    let RosterAct::Proposed { document, signature, .. } = &door.desk.deeds[0].act else { panic!("it proposes") };
    let with_document = |bytes: &[u8]| {
        text(bytes).is_some_and(|text| {
            opens(0, &|deed| {
                if let RosterAct::Proposed { document, .. } = &mut deed.act {
                    text.clone_into(document);
                }
            })
        })
    };
    assert!(every("roster document", document.as_bytes(), &[0, 2, 4], 1, with_document) > 2 * document.len());
    let with_armour = |which: usize| {
        move |bytes: &[u8]| {
            text(bytes).is_some_and(|armour| {
                opens(which, &|deed| match &mut deed.act {
                    RosterAct::Proposed { signature, .. } | RosterAct::Approved { signature, .. } => {
                        armour.clone_into(&mut signature.signature);
                    }
                    RosterAct::Withdrawn { .. } => panic!("nobody withdrew"),
                })
            })
        }
    };
    every("the proposer's signature", signature.signature.as_bytes(), &[0, 2], 3, with_armour(0));
    let RosterAct::Approved { signature, proposal_digest } = &door.desk.deeds[1].act else { panic!("it approves") };
    every("an approver's signature", signature.signature.as_bytes(), &[0, 2], 3, with_armour(1));
    let with_digest = |bytes: &[u8]| {
        text(bytes).and_then(crate::digest::Digest::from_hex).is_some_and(|digest| {
            opens(1, &|deed| {
                if let RosterAct::Approved { proposal_digest, .. } = &mut deed.act {
                    *proposal_digest = digest;
                }
            })
        })
    };
    every("the proposal's digest", proposal_digest.to_string().as_bytes(), &ALL, 1, with_digest);
}

fn entries() -> Vec<Entry> {
    let desk = Desk::new();
    let approved = |who: &str| Body::Approved {
        request_digest: crate::digest::Digest::of(&desk.bytes()),
        signature: desk.approval(who),
    };
    let stopped = Body::Stopped { condition: "c".to_owned(), reason: "é".to_owned(), by: None, detail: None };
    let mut previous = GENESIS;
    [approved("lan"), approved("minh"), stopped]
        .iter()
        .zip(1..)
        .map(|(body, seq)| {
            let mut entry = Entry {
                seq,
                at: "2026-06-01T11:59:00.000001Z".to_owned(),
                actor: "ops".to_owned(),
                xid: "741".to_owned(),
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

#[test]
fn every_byte_of_a_ledger_entry() {
    let ledger = entries();
    let head = ledger.last().map(|entry| (entry.seq, entry.hash)).unwrap();
    let texts = |entry: &Entry| {
        let Entry { seq, at, actor, xid, kind, body, previous, hash } = entry;
        let (seq, previous, hash) = (seq.to_string(), previous.to_string(), hash.to_string());
        [seq, at.clone(), actor.clone(), xid.clone(), kind.clone(), body.clone(), previous, hash]
    };
    // As the adapter reads a row: texts, of which some must be numbers and digests.
    let entry = |texts: &[String; 8]| {
        let [seq, at, actor, xid, kind, body, previous, hash] = texts.clone();
        let number = seq.parse::<u64>().ok().filter(|number| number.to_string() == seq)?;
        let digest = crate::digest::Digest::from_hex;
        Some(Entry { seq: number, at, actor, xid, kind, body, previous: digest(&previous)?, hash: digest(&hash)? })
    };
    for which in 0..ledger.len() {
        for field in 0..8 {
            let holds = |bytes: &[u8]| {
                let mut texts = texts(&ledger[which]);
                let Some(changed) = text(bytes) else { return false };
                changed.clone_into(&mut texts[field]);
                let Some(entry) = entry(&texts) else { return false };
                let mut ledger = ledger.clone();
                ledger[which] = entry;
                verify_chain(&ledger, None).is_ok() && hold_head(&ledger, head.0, head.1).is_ok()
            };
            every(&format!("entry {which} field {field}"), texts(&ledger[which])[field].as_bytes(), &ALL, 1, holds);
        }
    }
    // The same entries as a desk keeps them.
    let mut known = Known::default();
    known.extend(ledger).unwrap();
    let kept = known.to_bytes(usize::MAX);
    every("kept entries", &kept, &ALL, 1, |bytes| Known::from_bytes(bytes).is_some_and(|it| it.head() == head));
}

#[test]
fn every_byte_of_a_finding() {
    let files = exported(&finding(subject()), &["khoa", "lan"]);
    let holds = |path: &str, bytes: &[u8]| {
        let mut files: BTreeMap<String, Vec<u8>> = files.clone();
        files.insert(path.to_owned(), bytes.to_vec());
        verify_export(&files).holds()
    };
    // finding.json byte for byte by what protects it: its canonical form, and the writer's signature over it.
    let json = &files["finding.json"];
    let desk = Desk::new();
    let signed = SignedBytes {
        principal: "khoa@example.test".into(),
        signature: String::from_utf8(files["signatures/1-khoa@example.test.sig"].clone()).unwrap(),
    };
    let is_signed = |bytes: &[u8]| {
        verify(&desk.roster, &signed, Namespace::Finding, bytes, noon()).is_ok()
            && text(bytes).is_some_and(|text| read_strict::<Finding>(text).is_ok())
    };
    every("finding.json, signed", json, &[0], 1, is_signed);
    every("finding.json, signed", json, &[2, 4], 13, is_signed);
    // The other files byte for byte: they are compared with what finding.json and its signatures give, and must be that.
    let signatures: Vec<SignedBytes> = ["khoa", "lan"]
        .iter()
        .zip(1..)
        .map(|(who, at)| SignedBytes {
            principal: format!("{who}@example.test").as_str().into(),
            signature: String::from_utf8(files[&format!("signatures/{at}-{who}@example.test.sig")].clone()).unwrap(),
        })
        .collect();
    let again = export(text(json).unwrap(), &signatures);
    assert_eq!(again, files, "so a changed byte of any other file differs from what is made again");
    // And every file through the whole door, with a byte left out and a line feed put in; flipped bits are tried by the test
    // `every_flipped_byte_of_a_folder_is_seen`. The door makes some 15 files and checks 8 signatures each time, so both walk
    // in strides: primes, so that no column is left out.
    for (path, bytes) in &files {
        every(path, bytes, &[2, 5], stride(bytes), |bytes| holds(path, bytes));
    }
}

fn stride(bytes: &[u8]) -> usize {
    match bytes.len() {
        0..600 => 61,
        600..20_000 => 997,
        _ => 9_973,
    }
}

#[test]
fn every_byte_of_findings_that_stand_on_entries() {
    for (_, it) in [of_stop(), of_restart(), of_comparison()] {
        let files = exported(&it, &["khoa"]);
        let json = &files["finding.json"];
        let signed = SignedBytes {
            principal: "khoa@example.test".into(),
            signature: String::from_utf8(files["signatures/1-khoa@example.test.sig"].clone()).unwrap(),
        };
        let roster = it.roster().unwrap();
        let is_signed = |bytes: &[u8]| {
            verify(&roster, &signed, Namespace::Finding, bytes, noon()).is_ok()
                && text(bytes).is_some_and(|text| read_strict::<Finding>(text).is_ok())
        };
        every("finding.json, signed", json, &[0], 7, is_signed);
        for (path, bytes) in &files {
            let holds = |changed: &[u8]| {
                let mut files: BTreeMap<String, Vec<u8>> = files.clone();
                files.insert(path.clone(), changed.to_vec());
                verify_export(&files).holds()
            };
            // Each time three pages are drawn anew: what walks every byte is the test above.
            every(path, bytes, &[0], stride(bytes) * 11, holds);
        }
    }
}

#[test]
fn a_finding_tells_a_ledger_that_was_cut_or_rewritten() {
    let entries = entries();
    let with_head = |seq: u64, head| {
        let mut it = finding(subject());
        (it.ledger_seq, it.ledger_head) = (seq.to_string(), head);
        verify_export(&exported(&it, &["khoa"]))
    };
    let target = subject().plan.target;
    let check = |verification: &super::Verification, ledger: &[Entry], expect: &str| {
        let mut verification = verification.clone();
        assert!(verification.holds(), "{:?}", verification.refused);
        hold_against(&mut verification, ledger, &target);
        let found = verification.refused.join("\n");
        let is_unseen = verification.not_proved.iter().any(|it| it.contains("still holds entry"));
        if expect.is_empty() {
            assert!(verification.holds() && !is_unseen, "{found}");
            assert!(verification.proved.iter().any(|it| it.starts_with("The ledger still holds entry 2")));
        } else {
            assert!(found.contains(expect) && is_unseen, "{found}\n  expected {expect}");
        }
    };
    let good = with_head(2, entries[1].hash);
    check(&good, &entries, "");
    check(&good, &entries[..2], "");
    check(&good, &entries[..1], "the ledger ends at entry 1, but entry 2");
    check(&good, &[], "the ledger ends at entry 0, but entry 2");
    check(&with_head(2, GENESIS), &entries, "ledger entry 2 was");
    let mut edited = entries.clone();
    edited[0].body.push(' ');
    check(&good, &edited, "the ledger's chain does not hold: ledger entry 1 was rewritten");
    // Written anew from entry 1 on, in a chain that holds by itself.
    let mut anew = entries.clone();
    "eve".clone_into(&mut anew[0].actor);
    for at in 0..anew.len() {
        anew[at].previous = if at == 0 { GENESIS } else { anew[at - 1].hash };
        anew[at].hash = entry_hash(&anew[at]);
    }
    assert_eq!(verify_chain(&anew, None), Ok(()));
    check(&good, &anew, "the ledger was written anew");
    let mut elsewhere = good.clone();
    hold_against(&mut elsewhere, &entries, &crate::census::Target { database_oid: 1, ..target.clone() });
    assert!(elsewhere.refused.join("").contains("this ledger is in another database"));
    assert!(matches!(hold_head(&entries[..1], 2, GENESIS), Err(ChainBreak::Cut { .. })));
}
