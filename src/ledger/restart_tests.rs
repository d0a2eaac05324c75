//! No order of events reaches a run while a gate is open (D-62).

use std::collections::BTreeSet;

use super::*;
use crate::approval::fixture::{Desk, SINCE, at, genesis, principal, sign, sign_as};
use crate::approval::{Namespace, RosterAct, RosterDeed};
use crate::census::Reading;
use crate::digest::Digest;
use crate::runbook::{Expectation, RestartBy, RestartGate, StepId, StepRecord};

/// A ledger that is written an entry at a time.
#[derive(Clone, Default)]
struct Book {
    entries: Vec<Entry>,
    /// What the entries add up to, an entry at a time as a desk reads them.
    halt: Halt,
    deeds: Vec<RosterDeed>,
}

impl Book {
    /// The fixture's roster in force: `tam` is the sovereign, `lan`, `minh`, `hoa` and `khoa` are people, `bot` is an agent.
    fn new() -> Self {
        let mut book = Self::default();
        for deed in genesis(&Desk::new().roster.text) {
            book.append(&body_of(&deed));
        }
        book
    }

    fn append(&mut self, body: &Body) -> u64 {
        let seq = u64::try_from(self.entries.len()).unwrap() + 1;
        self.entries.push(Entry {
            seq,
            at: SINCE.to_owned(),
            actor: "desk".to_owned(),
            xid: seq.to_string(),
            kind: body.kind().to_owned(),
            body: body.to_text(),
            previous: GENESIS,
            hash: Digest::of(seq.to_string().as_bytes()),
        });
        self.deeds.extend(body.roster_deed(SINCE));
        self.halt.hear(self.entries.last().unwrap(), body, &self.deeds);
        seq
    }

    fn stop(&mut self) -> u64 {
        let (condition, reason) = ("event-emitted".to_owned(), "three rows".to_owned());
        self.append(&Body::Stopped { condition, reason, by: None, detail: None })
    }

    /// What the whole ledger adds up to, as a gate and as a desk see it.
    fn halt(&self) -> Halt {
        let halt = Halt::of(&self.entries);
        assert_eq!(halt, replay(&self.entries).halt, "the gate and the desk see the same");
        halt
    }

    /// A paper about the newest stop, standing on the divergence finding that counts.
    fn paper(&self, act: RestartAct, by: &str) -> RestartPaper {
        let halt = &self.halt;
        let (stop, stop_hash) = halt.newest().map_or((0, GENESIS), |stop| (stop.seq, stop.hash));
        let stands_on = match act {
            RestartAct::Divergence(_) => None,
            _ => Some(halt.divergence().map_or(GENESIS, |(kept, _)| kept.digest)),
        };
        RestartPaper {
            format: RESTART_FORMAT.to_owned(),
            system_identifier: Desk::new().plan.target.system_identifier,
            database: "directus".to_owned(),
            stop,
            stop_hash,
            divergence: stands_on,
            act,
            by: principal(by),
            at: at(SINCE),
        }
    }

    fn sign(&mut self, act: RestartAct, by: &str) -> u64 {
        let paper = self.paper(act, by);
        self.put(&paper, by, by)
    }

    fn put(&mut self, paper: &RestartPaper, by: &str, with: &str) -> u64 {
        let document = paper.text();
        let signature = sign_as(by, with, paper.act.namespace(), document.as_bytes());
        self.append(&Body::Restart { document, signature })
    }

    fn is_open(&self) -> bool {
        let open = standing_stop(&self.entries).is_none();
        assert_eq!(open, self.halt.stop().is_none());
        open
    }

    fn refusal(&self) -> String {
        self.halt().refused().last().map_or_else(String::new, |it| it.reason.clone())
    }
}

fn body_of(deed: &RosterDeed) -> Body {
    match deed.act.clone() {
        RosterAct::Proposed { document, roster, signature } => Body::RosterProposed { document, roster, signature },
        RosterAct::Approved { proposal_digest, signature } => Body::RosterApproved { proposal_digest, signature },
        RosterAct::Withdrawn { proposal_digest, reason, signature } => {
            Body::RosterWithdrawn { proposal_digest, reason, signature }
        }
    }
}

fn gates() -> Vec<RestartGate> {
    let approved = StepRecord { sql: "SELECT $1".to_owned(), expect: Expectation::Equals("approved".to_owned()) };
    let gate = |id: &str, by| RestartGate { id: id.to_owned(), title: format!("{id} holds"), by };
    vec![
        gate("reconciled", RestartBy::Reconciliation),
        gate("sovereign", RestartBy::Sovereign { record: Some(approved) }),
        gate("council", RestartBy::Record { sql: "SELECT 1".to_owned(), expect: Expectation::Present }),
    ]
}

fn difference(count: &str) -> Difference {
    Difference {
        of: DifferenceOf::Condition,
        id: "event-emitted".to_owned(),
        title: "A governance event was emitted".to_owned(),
        expected: "0".to_owned(),
        actual: Reading::Value(Some(count.to_owned())),
    }
}

fn divergence(differences: Vec<Difference>) -> Divergence {
    Divergence {
        words: "Somebody emitted three events.".to_owned(),
        runbook: "phase1".to_owned(),
        runbook_digest: Digest::of(b"runbook"),
        steps: vec![StepId::from("SB-11")],
        gates: gates(),
        baseline: Digest::of(b"baseline"),
        taken_at: at(SINCE),
        looked_at: 40,
        differences,
    }
}

fn diverged(differences: Vec<Difference>) -> RestartAct {
    RestartAct::Divergence(Box::new(divergence(differences)))
}

fn accepted(differences: Vec<Difference>) -> RestartAct {
    RestartAct::Accepted { differences, reason: "they are known".to_owned() }
}

fn authorised(verdict: Authorisation, record: &str) -> RestartAct {
    let record = Some(Reading::Value(Some(record.to_owned())));
    let verdicts = vec![StepVerdict { step: StepId::from("SB-11"), verdict, record }];
    RestartAct::Authorised { verdicts, reason: "the step is sound".to_owned() }
}

fn confirmed() -> RestartAct {
    authorised(Authorisation::Reconfirmed, "approved")
}

fn looked() -> RestartAct {
    let answer = Reading::Value(Some("CR-7".to_owned()));
    RestartAct::Record { gate: "council".to_owned(), answer, words: "CR-7 is in force".to_owned() }
}

#[test]
fn the_last_gate_lifts_the_stop_and_nothing_before_it() {
    let mut book = Book::new();
    assert!(book.is_open());
    let stop = book.stop();
    book.sign(diverged(vec![difference("3")]), "lan");
    book.sign(confirmed(), "tam");
    book.sign(looked(), "minh");
    assert!(!book.is_open());
    let missing: Vec<GateStanding> = book.halt().gates(&[]).into_iter().filter(|gate| gate.met.is_none()).collect();
    assert_eq!(missing.len(), 1);
    assert!(missing[0].missing.contains("acceptance of event-emitted"), "{missing:?}");
    let last = book.sign(accepted(vec![difference("3")]), "tam");
    assert!(book.is_open());
    let halt = book.halt();
    let lift = halt.lifts().last().unwrap();
    assert_eq!((lift.seq, lift.stops[0].seq, lift.papers.len()), (last, stop, 4));
    assert_eq!(halt.voids(stop - 1), Some(lift));
    assert_eq!(halt.voids(last + 1), None);
    assert_eq!(halt.authorisation(&StepId::from("SB-11")).map(|it| it.0), Some(Authorisation::Reconfirmed));
    // The accepted answer does not trip again, another one does.
    let condition = crate::runbook::StopCondition {
        id: "event-emitted".to_owned(),
        title: String::new(),
        sign: crate::runbook::StopSign::ErrorContains(String::new()),
        steps: Vec::new(),
        evidence: None,
        accepted: None,
    };
    let known = &halt.accept(&[condition])[0];
    assert!(known.accepts(Some("3")) && !known.accepts(Some("4")) && !known.accepts(None));
    // A stop after it needs everything again.
    book.stop();
    assert!(!book.is_open());
    book.sign(looked(), "minh");
    assert_eq!(book.refusal(), "there is no divergence finding yet");
}

/// Everything that happens, in some order. What papers stand on is known before: orders differ, papers do not.
const EVENTS: [&str; 6] = ["diverge", "accept", "authorise", "look", "stop", "again"];

#[test]
fn no_order_of_events_reaches_a_run_while_a_gate_is_open() {
    let mut book = Book::new();
    book.stop();
    let walk = Walk { book, is_held: true, papers: BTreeSet::new() };
    let lifted = walk.on(&mut Vec::new());
    assert!(lifted > 20, "only {lifted} orders lift the stop");
}

/// A ledger beside a rule that knows no signatures: every gate since the newest stop, each on the newest divergence finding.
#[derive(Clone)]
struct Walk {
    book: Book,
    is_held: bool,
    papers: BTreeSet<&'static str>,
}

impl Walk {
    /// Goes on in every order; says in how many places the stop is lifted.
    fn on(&self, order: &mut Vec<&'static str>) -> usize {
        let mut lifted = 0;
        for event in EVENTS {
            if order.contains(&event) {
                continue;
            }
            order.push(event);
            let mut next = self.clone();
            next.take(event);
            next.hold(order);
            lifted += usize::from(!next.is_held) + next.on(order);
            order.pop();
        }
        lifted
    }

    fn take(&mut self, event: &'static str) {
        let differences = || vec![difference("3")];
        match event {
            "stop" => {
                self.book.stop();
                (self.is_held, self.papers) = (true, BTreeSet::new());
            }
            // Another finding of the same disaster: what stood on the one before is void.
            "again" => {
                let mut second = divergence(differences());
                second.words += " Looked at again.";
                self.book.sign(RestartAct::Divergence(Box::new(second)), "minh");
                self.papers = BTreeSet::from(["diverge"]);
            }
            "diverge" => {
                self.book.sign(diverged(differences()), "lan");
                self.papers = BTreeSet::from(["diverge"]);
            }
            "accept" => drop((self.book.sign(accepted(differences()), "tam"), self.papers.insert("accept"))),
            "authorise" => drop((self.book.sign(confirmed(), "tam"), self.papers.insert("authorise"))),
            _ => drop((self.book.sign(looked(), "lan"), self.papers.insert("look"))),
        }
        if !self.papers.contains("diverge") || !self.is_held {
            self.papers.clear();
        }
        if self.papers.len() == 4 {
            (self.is_held, self.papers) = (false, BTreeSet::new());
        }
    }

    /// Holds the code against the rule: a desk's view, and the gate just before a COMMIT.
    fn hold(&self, order: &[&str]) {
        assert_eq!(self.book.halt.stop().is_some(), self.is_held, "{order:?}");
        let mut run = self.book.clone();
        run.append(&Body::Intent {
            request_digest: Digest::of(b"request"),
            run: "a".to_owned(),
            operator: principal("lan"),
            signature: sign("lan", Namespace::Operate, b""),
        });
        let gate = gate(&run.entries, Digest::of(b"request"), "a");
        assert_eq!(gate.stop.is_some(), self.is_held, "{order:?}: a run");
    }
}

/// Brings everything but the sovereign's word, then this; says why it does not count, or that the stop is lifted.
fn check(change: impl FnOnce(&mut RestartPaper, &mut Book) -> (&'static str, &'static str), expected: &str) {
    let mut book = Book::new();
    book.stop();
    book.sign(diverged(Vec::new()), "lan");
    book.sign(looked(), "minh");
    let mut paper = book.paper(confirmed(), "tam");
    let (by, with) = change(&mut paper, &mut book);
    book.put(&paper, by, with);
    let said = if book.is_open() { "lifted".to_owned() } else { book.refusal() };
    assert!(said.contains(expected), "{said}\n  expected {expected}");
}

#[test]
fn only_the_sovereigns_own_word_about_this_very_stop_counts() {
    let own = ("tam", "tam");
    check(|_, _| own, "lifted");
    check(
        |paper, _| (("lan", "lan"), paper.by = principal("lan")).0,
        "lan@example.test does not have the role sovereign",
    );
    check(|paper, _| (("bot", "bot"), paper.by = principal("bot")).0, "bot@example.test is an agent");
    check(|paper, _| (("eve", "eve"), paper.by = principal("eve")).0, "not on the roster");
    check(|_, _| ("tam", "lan"), "is not listed for tam@example.test");
    check(|_, _| ("lan", "lan"), "lan@example.test signed what tam@example.test says");
    check(|paper, _| (own, paper.stop += 1).0, "it is about the stop of ledger entry");
    check(|paper, _| (own, paper.stop_hash = GENESIS).0, "it is about the stop of ledger entry");
    check(|paper, _| (own, "another".clone_into(&mut paper.database)).0, "is for");
    check(|paper, _| (own, "1".clone_into(&mut paper.system_identifier)).0, "is for");
    check(|paper, _| (own, "countersign/restart/9".clone_into(&mut paper.format)).0, "format: expected");
    check(|paper, _| (own, paper.divergence = None).0, "does not stand on the divergence finding");
    check(|_, book| (own, book.stop()).0, "it is about the stop of ledger entry");
    check(|_, book| (own, book.sign(diverged(vec![difference("3")]), "lan")).0, "does not stand on");
    let of = |act| move |paper: &mut RestartPaper, _: &mut Book| (own, paper.act = act).0;
    check(of(authorised(Authorisation::Revoked, "revoked")), "lifted");
    check(of(authorised(Authorisation::Revoked, "approved")), "SB-11 is revoked, but its record says otherwise");
    check(
        of(authorised(Authorisation::Reconfirmed, "revoked")),
        "SB-11 is re-confirmed, but its record says otherwise",
    );
    let verdict =
        |step: &str, record| StepVerdict { step: StepId::from(step), verdict: Authorisation::Reconfirmed, record };
    let approved = || Some(Reading::Value(Some("approved".to_owned())));
    let said = |verdicts| RestartAct::Authorised { verdicts, reason: "sound".to_owned() };
    check(of(said(Vec::new())), "it does not speak of SB-11");
    check(of(said(vec![verdict("SB-11", None)])), "it holds no record of SB-11");
    check(of(said(vec![verdict("SB-11", Some(Reading::Blind("no right".to_owned())))])), "cannot be seen");
    check(of(said(vec![verdict("SB-11", approved()), verdict("SB-2", approved())])), "SB-2 is not among");
    check(of(said(vec![verdict("SB-11", approved()), verdict("SB-11", approved())])), "speaks of SB-11 twice");
}

#[test]
fn one_person_alone_restarts_nothing() {
    let mut book = Book::new();
    book.stop();
    for act in [diverged(Vec::new()), confirmed(), looked()] {
        book.sign(act, "tam");
        assert!(!book.is_open());
    }
    let gates = book.halt().gates(&[]);
    assert!(gates.last().unwrap().missing.contains("tam@example.test alone"), "{gates:?}");
    // The same record, looked at by somebody else.
    book.sign(looked(), "khoa");
    assert!(book.is_open());
}

#[test]
fn a_finding_must_say_what_happened_where_and_see_everything() {
    let check = |change: &dyn Fn(&mut Divergence), expected: &str| {
        let mut book = Book::new();
        book.stop();
        let mut finding = divergence(Vec::new());
        change(&mut finding);
        book.sign(RestartAct::Divergence(Box::new(finding)), "lan");
        let said = book.halt().divergence().map_or_else(|| book.refusal(), |_| "counts".to_owned());
        assert!(said.contains(expected), "{said}\n  expected {expected}");
    };
    check(&|_| {}, "counts");
    check(&|it| it.words.clear(), "does not say what happened");
    check(&|it| it.steps.clear(), "names no step");
    check(&|it| it.looked_at = 0, "looked at nothing");
    check(&|it| it.differences = vec![difference("3")], "counts");
    check(
        &|it| it.differences = vec![Difference { actual: Reading::Blind("no right".to_owned()), ..difference("") }],
        "event-emitted could not be seen: no right",
    );
}

#[test]
fn a_record_must_be_as_the_runbook_expects() {
    let check = |gate: &str, answer: Reading, words: &str, expected: &str| {
        let mut book = Book::new();
        book.stop();
        book.sign(diverged(Vec::new()), "lan");
        book.sign(confirmed(), "tam");
        book.sign(RestartAct::Record { gate: gate.to_owned(), answer, words: words.to_owned() }, "minh");
        let said = if book.is_open() { "lifted".to_owned() } else { book.refusal() };
        assert!(said.contains(expected), "{said}\n  expected {expected}");
    };
    let present = || Reading::Value(Some("CR-7".to_owned()));
    check("council", present(), "in force", "lifted");
    check("council", present(), " ", "does not say what the person saw");
    check("council", Reading::Value(None), "gone", "the record: expected present, actual absent");
    check("council", Reading::Blind("no right".to_owned()), "?", "actual blind (no right)");
    check("sovereign", present(), "in force", "`sovereign` is no record gate");
    check("council-record", present(), "in force", "no record gate");
}

#[test]
fn a_runbook_without_gates_needs_all_three_all_the_same() {
    let mut book = Book::new();
    book.stop();
    let mut finding = divergence(Vec::new());
    finding.gates.clear();
    book.sign(RestartAct::Divergence(Box::new(finding)), "lan");
    let titles: Vec<String> = book.halt().gates(&[]).into_iter().map(|gate| gate.id).collect();
    assert_eq!(titles, ["divergence", "sovereign", COUNCIL]);
    book.sign(confirmed(), "tam");
    assert!(!book.is_open());
    let answer = Reading::Value(None);
    book.sign(RestartAct::Record { gate: COUNCIL.to_owned(), answer, words: "it stands".to_owned() }, "minh");
    assert!(book.is_open());
}

#[test]
fn steps_of_the_stop_are_never_left_out() {
    let mut book = Book::new();
    let detail = StopDetail {
        database: "directus".to_owned(),
        login: "ops".to_owned(),
        seen_at: at(SINCE),
        moment: StopMoment::Look,
        runbook: "phase1".to_owned(),
        request: None,
        conditions: Vec::new(),
        steps: vec![StepId::from("SB-2"), StepId::from("SB-11")],
        session: None,
        declared: None,
        held_here_since: None,
    };
    book.append(&stopped(detail));
    book.sign(diverged(Vec::new()), "lan");
    assert_eq!(book.refusal(), "the stop is about SB-2, which it does not name");
}

#[test]
fn an_entry_that_cannot_be_read_is_lifted_by_nothing() {
    let mut book = Book::new();
    book.stop();
    book.append(&Body::Baseline { document: String::new(), digest: GENESIS });
    book.entries.last_mut().unwrap().body = r#"{"kind":"from_a_later_version"}"#.to_owned();
    book.sign(diverged(Vec::new()), "lan");
    book.sign(looked(), "minh");
    book.sign(confirmed(), "tam");
    assert_eq!(book.halt().stop().map(|stop| stop.condition.as_str()), Some("ledger-unreadable"));
}

#[test]
fn a_changed_byte_of_a_paper_counts_for_nothing() {
    let mut book = Book::new();
    book.stop();
    let paper = book.paper(diverged(Vec::new()), "lan");
    let document = paper.text();
    let signature = sign("lan", Namespace::Finding, document.as_bytes());
    let halt = book.halt();
    let deeds = genesis(&Desk::new().roster.text);
    assert_eq!(halt.check(at(SINCE), &document, &signature, &deeds), Ok(()));
    for place in 0..document.len() {
        let mut bytes = document.clone().into_bytes();
        bytes[place] ^= 1;
        let Ok(changed) = String::from_utf8(bytes) else { continue };
        assert!(halt.check(at(SINCE), &changed, &signature, &deeds).is_err(), "byte {place}");
    }
    // A signature for another purpose is none.
    let elsewhere = sign("lan", Namespace::Record, document.as_bytes());
    assert!(halt.check(at(SINCE), &document, &elsewhere, &deeds).is_err());
}
