//! Findings about a stop, a restart and two baselines: each verifies, and each untrue one is refused with its reason.

use std::collections::BTreeMap;

use super::export::{Form, export_form};
use super::tests::{check_files, exported, finding, subject};
use super::{
    ComparisonSubject, Finding, FindingKind, FindingSort, RestartSubject, StopSubject, Subject, export, hold_against,
    render_html, render_markdown, verify_export,
};
use crate::approval::fixture::{Desk, at, genesis, principal, sign, sign_as};
use crate::approval::{Namespace, RosterAct};
use crate::census::{BASELINE_FORMAT, Baseline, Census, Reading, Target};
use crate::digest::Digest;
use crate::ledger::{
    Authorisation, Body, DECLARED, Difference, DifferenceOf, Divergence, Entry, GENESIS, RESTART_FORMAT, RestartAct,
    RestartPaper, STOP_FORMAT, SignedStop, StepVerdict, StopDeclaration, StopDetail, StopMoment, TrippedCondition,
    entry_hash,
};
use crate::plan::canonical;
use crate::runbook::{Check, CheckId, Expectation, Query, StepId};

const AT: &str = "2026-06-01T11:00:00.000001Z";

/// A ledger that is written an entry at a time, with its true hashes.
#[derive(Clone)]
pub(super) struct Book {
    pub(super) entries: Vec<Entry>,
}

pub(super) fn target() -> Target {
    subject().plan.target
}

impl Book {
    pub(super) fn new() -> Self {
        let mut book = Self { entries: Vec::new() };
        for deed in genesis(&Desk::new().roster.text) {
            let body = match deed.act {
                RosterAct::Proposed { document, roster, signature } => {
                    Body::RosterProposed { document, roster, signature }
                }
                RosterAct::Approved { proposal_digest, signature } => {
                    Body::RosterApproved { proposal_digest, signature }
                }
                RosterAct::Withdrawn { proposal_digest, reason, signature } => {
                    Body::RosterWithdrawn { proposal_digest, reason, signature }
                }
            };
            book.append_at(&body, &deed.at);
        }
        book
    }

    fn append_at(&mut self, body: &Body, at: &str) -> u64 {
        let seq = u64::try_from(self.entries.len()).unwrap() + 1;
        let mut entry = Entry {
            seq,
            at: at.to_owned(),
            actor: "ops".to_owned(),
            xid: seq.to_string(),
            kind: body.kind().to_owned(),
            body: body.to_text(),
            previous: self.entries.last().map_or(GENESIS, |entry| entry.hash),
            hash: GENESIS,
        };
        entry.hash = entry_hash(&entry);
        self.entries.push(entry);
        seq
    }

    fn append(&mut self, body: &Body) -> u64 {
        self.append_at(body, AT)
    }

    /// A stop that a condition tripped, with everything that can be seen.
    pub(super) fn stop(&mut self) -> u64 {
        let detail = StopDetail {
            database: "directus".to_owned(),
            login: "ops".to_owned(),
            seen_at: at("2026-06-01T10:59:59Z"),
            moment: StopMoment::Run,
            runbook: "phase1".to_owned(),
            request: Some("a41f09c27be3".to_owned()),
            conditions: vec![TrippedCondition {
                id: "event-emitted".to_owned(),
                title: "A governance event was emitted".to_owned(),
                expected: "0".to_owned(),
                actual: Reading::Value(Some("3".to_owned())),
                rows: vec!["17 governance.điều_lệ \u{202e}".to_owned()],
            }],
            steps: vec![StepId::from("SB-11")],
            session: None,
            declared: None,
            held_here_since: None,
        };
        self.append(&crate::ledger::stopped(detail))
    }

    /// A stop that somebody declared and signed.
    fn declare(&mut self, by: &str, with: &str) -> u64 {
        let said = StopDeclaration {
            format: STOP_FORMAT.to_owned(),
            system_identifier: target().system_identifier,
            database: target().database,
            reason: "I do not trust this".to_owned(),
            steps: vec![StepId::from("SB-11")],
            by: principal(by),
            at: at(AT),
        };
        let document = canonical(&said).unwrap();
        let signature = sign_as(by, with, Namespace::Stop, document.as_bytes());
        let detail = StopDetail {
            database: said.database.clone(),
            login: "ops".to_owned(),
            seen_at: said.at,
            moment: StopMoment::Declared,
            runbook: String::new(),
            request: None,
            conditions: Vec::new(),
            steps: said.steps.clone(),
            session: None,
            declared: Some(SignedStop { document, signature }),
            held_here_since: None,
        };
        let (condition, reason) = (DECLARED.to_owned(), said.reason.clone());
        self.append(&Body::Stopped { condition, reason, by: Some(principal(by)), detail: Some(Box::new(detail)) })
    }

    fn paper(&mut self, act: RestartAct, by: &str, with: &str) -> u64 {
        let halt = crate::ledger::Halt::of(&self.entries);
        let newest = halt.newest().expect("a stop holds").clone();
        let stands_on = match act {
            RestartAct::Divergence(_) => None,
            _ => halt.divergence().map(|(kept, _)| kept.digest),
        };
        let paper = RestartPaper {
            format: RESTART_FORMAT.to_owned(),
            system_identifier: target().system_identifier,
            database: target().database,
            stop: newest.seq,
            stop_hash: newest.hash,
            divergence: stands_on,
            act,
            by: principal(by),
            at: at(AT),
        };
        let document = paper.text();
        let signature = sign_as(by, with, paper.act.namespace(), document.as_bytes());
        self.append(&Body::Restart { document, signature })
    }

    pub(super) fn diverge(&mut self, by: &str) -> u64 {
        let divergence = Divergence {
            words: "Three events were **emitted**.".to_owned(),
            runbook: "phase1".to_owned(),
            runbook_digest: Digest::of(b"runbook"),
            steps: vec![StepId::from("SB-11")],
            gates: Vec::new(),
            baseline: Digest::of(b"baseline"),
            taken_at: at(AT),
            looked_at: 40,
            differences: vec![difference()],
        };
        self.paper(RestartAct::Divergence(Box::new(divergence)), by, by)
    }

    /// Everything a restart needs; gives the entry that meets the last gate.
    pub(super) fn restart(&mut self) -> u64 {
        self.diverge("lan");
        let accepted = RestartAct::Accepted { differences: vec![difference()], reason: "they are known".to_owned() };
        self.paper(accepted, "tam", "tam");
        let verdict = StepVerdict { step: StepId::from("SB-11"), verdict: Authorisation::Revoked, record: None };
        let reason = "built wrongly".to_owned();
        self.paper(RestartAct::Authorised { verdicts: vec![verdict], reason }, "tam", "tam");
        let answer = Reading::Value(Some("CR-7".to_owned()));
        let gate = crate::ledger::COUNCIL.to_owned();
        self.paper(RestartAct::Record { gate, answer, words: "CR-7 is in force".to_owned() }, "minh", "minh")
    }

    pub(super) fn finding(&self, subject: impl Into<Subject>) -> Finding {
        let last = self.entries.last().unwrap();
        let words = "Nhìn lại: *đã xong*.".to_owned();
        Finding::of(subject, principal("khoa"), words, at("2026-06-01T12:05:00Z"), last.seq, last.hash)
    }
}

fn difference() -> Difference {
    Difference {
        of: DifferenceOf::Condition,
        id: "event-emitted".to_owned(),
        title: "A governance event was emitted".to_owned(),
        expected: "0".to_owned(),
        actual: Reading::Value(Some("3".to_owned())),
    }
}

pub(super) fn of_stop() -> (Book, Finding) {
    let mut book = Book::new();
    let stop = book.stop();
    book.diverge("lan");
    let subject = StopSubject::of(&book.entries, &target(), stop).unwrap();
    let finding = book.finding(subject);
    (book, finding)
}

pub(super) fn of_restart() -> (Book, Finding) {
    let mut book = Book::new();
    book.stop();
    book.declare("hoa", "hoa");
    let restart = book.restart();
    let subject = RestartSubject::of(&book.entries, &target(), restart).unwrap();
    let finding = book.finding(subject);
    (book, finding)
}

fn baseline(label: &str, readings: &[(&str, &str)]) -> Baseline {
    let readings = readings.iter().map(|(id, value)| (CheckId::from(*id), Reading::Value(Some((*value).to_owned()))));
    let census = Census { taken_at: at("2026-06-01T09:00:00Z"), target: target(), readings: readings.collect() };
    Baseline {
        format: BASELINE_FORMAT.to_owned(),
        label: label.to_owned(),
        runbook: "phase1".to_owned(),
        runbook_digest: Digest::of(b"runbook"),
        asked: std::collections::BTreeMap::new(),
        census,
    }
}

fn check(id: &str, expect: Expectation) -> Check {
    Check {
        id: CheckId::from(id),
        title: format!("the count of {id}"),
        object: None,
        query: Query::Sql(format!("SELECT count(*) FROM {id}")),
        expect,
        steps: Vec::new(),
        per_step: BTreeMap::new(),
        accepted: None,
        limit_millis: None,
    }
}

pub(super) fn of_comparison() -> (Book, Finding) {
    let book = Book::new();
    let left = baseline("before the build", &[("rules", "6"), ("births", "50000"), ("noise", "1"), ("views", "3")]);
    let right = baseline("after the build", &[("rules", "7"), ("births", "50012"), ("noise", "2"), ("views", "3")]);
    let checks = [check("births", Expectation::Grows), check("rules", Expectation::Equals("6".to_owned()))];
    let ignored = [CheckId::from("noise")];
    let subject = ComparisonSubject::of(&book.entries, &target(), (left, right), &checks, &ignored).unwrap();
    let finding = book.finding(subject);
    (book, finding)
}

#[test]
fn every_kind_verifies_and_says_what_is_proved() {
    let check = |(book, finding): (Book, Finding), kind, headline: &str, files: &[&str], proved: &[&str]| {
        assert_eq!(finding.kind, kind);
        assert_eq!(finding.headline, headline);
        let exported = exported(&finding, &["khoa", "lan"]);
        let mut verification = verify_export(&exported);
        assert_eq!(verification.refused, Vec::<String>::new());
        for file in files.iter().chain(&["finding.html", "finding.md", "finding.pdf", "VERIFY.txt", "SHA256SUMS"]) {
            assert!(exported.contains_key(*file), "{file}: {:?}", exported.keys());
        }
        hold_against(&mut verification, &book.entries, &target());
        assert_eq!(verification.refused, Vec::<String>::new());
        let said = verification.proved.join("\n");
        for sentence in proved.iter().chain(&["khoa@example.test signed the finding", "lan@example.test countersigned"])
        {
            assert!(said.contains(sentence), "{sentence} in {said}");
        }
        assert!(said.contains("The ledger gives exactly the entries"), "{said}");
        let roundtrip: Finding = crate::plan::read_strict(&canonical(&finding).unwrap()).unwrap();
        assert_eq!(roundtrip, finding);
    };
    check(
        of_stop(),
        FindingKind::Stop,
        "Disaster stop on directus, ledger entry 6: A governance event was emitted (expected 0, actual 3). \
         lan@example.test wrote the divergence finding: one difference remains.",
        &["papers/7.json", "papers/7-lan@example.test.sig", "entries/6.txt", "entries/SHA256SUMS", "rosters/1.json"],
        &["Ledger entry 6 latched the stop", "lan@example.test wrote the divergence finding", "SHA256:"],
    );
    check(
        of_restart(),
        FindingKind::Restart,
        "Restart on directus, ledger entry 11: the stops of ledger entries 6, 7 lifted. tam@example.test revoked SB-11. \
         One difference from the baseline was accepted.",
        &[
            "papers/8-lan@example.test.sig",
            "papers/11-minh@example.test.sig",
            "stops/7.json",
            "stops/7-hoa@example.test.sig",
        ],
        &["hoa@example.test declared the stop", "minh@example.test looked at the record", "meet every gate"],
    );
    check(
        of_comparison(),
        FindingKind::Comparison,
        "“before the build” beside “after the build”: 1 same, 1 grown as allowed, 1 drifted. 1 left out by choice.",
        &["baselines/left.json", "baselines/right.json"],
        &["The two baselines compare as it says, 3 rows"],
    );
}

fn restart(finding: &mut Finding) -> &mut RestartSubject {
    match &mut finding.subject {
        Subject::Restart(subject) => subject,
        _ => panic!("it is about a restart"),
    }
}

#[test]
fn untrue_stories_of_stops_and_restarts_are_refused_though_signed() {
    let check = |change: &dyn Fn(&mut Finding), expect: &str| {
        let (_, mut finding) = of_restart();
        change(&mut finding);
        // Its own headline follows: only the evidence can give it away.
        finding.headline = super::headline::headline(&finding.subject);
        check_files(&exported(&finding, &["khoa"]), expect);
    };
    let rehash = |entry: &mut Entry| entry.hash = entry_hash(entry);
    check(&|_| {}, "");
    check(&|it| restart(it).restart = 10, "ledger entry 10 completed no restart");
    // Each entry left out.
    check(&|it| drop(restart(it).cited.entries.remove(0)), "no roster");
    // An older stop that a newer one stands on is for the ledger to tell: papers name the newest only.
    for at in 6..11 {
        check(&|it| drop(restart(it).cited.entries.remove(at)), "ledger entry 11 completed no restart");
    }
    check(&|it| restart(it).cited.entries[5].body = "{}".to_owned(), "ledger entry 6 was rewritten");
    check(&|it| restart(it).cited.entries[7].at = "2026-06-01T11:00:00.000002Z".to_owned(), "entry 8 was rewritten");
    let words = |it: &mut Finding| {
        let entry = &mut restart(it).cited.entries[10];
        entry.body = entry.body.replace("CR-7 is in force", "CR-8 is in force");
        rehash(entry);
    };
    // Written anew with its own hash: the signature tells.
    check(&words, "completed no restart");
    let foreign = |it: &mut Finding| {
        let entry = &mut restart(it).cited.entries[10];
        let Ok(Body::Restart { document, .. }) = serde_json::from_str(&entry.body) else { panic!("a paper") };
        let signature = sign_as("minh", "bot", Namespace::Record, document.as_bytes());
        entry.body = Body::Restart { document, signature }.to_text();
        rehash(entry);
    };
    check(&foreign, "completed no restart");
    let mut book = Book::new();
    book.stop();
    book.declare("hoa", "lan");
    let lift = book.restart();
    let subject = RestartSubject::of(&book.entries, &target(), lift).unwrap();
    check_files(&exported(&book.finding(subject), &["khoa"]), "signed to declare the stop does not hold");
    check(&|it| it.ledger_seq = "10".to_owned(), "it cites ledger entry 11, but knows the ledger up to entry 10 only");
    check(&|it| it.kind = FindingKind::Run, "the headline does not follow from the outcome");
    check(&|it| it.format = super::FINDING_FORMAT.to_owned(), "the format is `countersign/finding/1`, not");
    check(&|it| restart(it).cited.target.database = "other".to_owned(), "version 1 is for directus");
    let doubled = |it: &mut Finding| {
        let entries = &mut restart(it).cited.entries;
        entries.push(Entry { seq: 12, ..entries[7].clone() });
    };
    check(&doubled, "ledger entry 12 was rewritten");
}

#[test]
fn untrue_comparisons_are_refused_though_signed() {
    let check = |change: &dyn Fn(&mut ComparisonSubject), expect: &str| {
        let (_, mut finding) = of_comparison();
        let Subject::Comparison(subject) = &mut finding.subject else { panic!("it compares") };
        change(subject);
        finding.headline = super::headline::headline(&finding.subject);
        check_files(&exported(&finding, &["khoa"]), expect);
    };
    check(&|_| {}, "");
    check(&|it| it.left_digest = Digest::of(b"x"), "the finding names the left baseline");
    check(&|it| it.right.label.push('x'), "the finding names the right baseline");
    check(&|it| drop(it.comparison.rows.remove(0)), "the comparison does not follow");
    check(&|it| it.ignored.clear(), "the check noise is left out and not named");
    check(&|it| it.ignored.push("rules".into()), "said to be ignored, and is compared");
    check(&|it| it.checks[1].expect = Expectation::Present, "the comparison does not follow");
    check(&|it| it.cited.entries.truncate(4), "no roster is in force");
    let unknown = ComparisonSubject::of(
        &Book::new().entries,
        &target(),
        (baseline("a", &[]), baseline("b", &[])),
        &[],
        &["nothing".into()],
    );
    assert!(unknown.unwrap_err().contains("neither baseline holds a check `nothing`"));
}

#[test]
fn what_a_choice_of_entries_hides_the_ledger_tells() {
    // A stop between the papers voids those before it; whoever leaves it out shows a restart that never was.
    let mut book = Book::new();
    book.stop();
    let restart = book.restart();
    let hidden = book.clone();
    let subject = RestartSubject::of(&book.entries, &target(), restart).unwrap();
    let mut real = Book { entries: book.entries[..8].to_vec() };
    real.stop();
    let (at, last) = (real.entries.len(), real.entries.last().unwrap().clone());
    assert_eq!(at, 9);
    for entry in &book.entries[8..] {
        let body: Body = serde_json::from_str(&entry.body).unwrap();
        real.append(&body);
    }
    let mut finding = real.finding(subject);
    let verify = |finding: &Finding, ledger: &[Entry]| {
        let mut verification = verify_export(&exported(finding, &["khoa"]));
        assert_eq!(verification.refused, Vec::<String>::new(), "offline it verifies");
        assert!(verification.not_proved.iter().any(|it| it.contains("no ledger entry was left out")));
        hold_against(&mut verification, ledger, &target());
        verification.refused.join("\n")
    };
    assert!(verify(&finding, &real.entries).contains("completed no restart; there was none"));
    assert_eq!(last.kind, "stopped");
    // In the ledger it was written from, the same finding holds; a ledger that was cut does not.
    let last = hidden.entries.last().unwrap();
    (finding.ledger_seq, finding.ledger_head) = (last.seq.to_string(), last.hash);
    assert_eq!(verify(&finding, &hidden.entries), "");
    let cut = verify(&finding, &hidden.entries[..9]);
    assert!(cut.contains("the ledger ends at entry 9, but entry 10"), "{cut}");
}

#[test]
fn whoever_is_not_on_the_roster_countersigns_nothing() {
    for (_, finding) in [of_stop(), of_restart(), of_comparison()] {
        let text = canonical(&finding).unwrap();
        let writer = sign("khoa", Namespace::Finding, text.as_bytes());
        let outsider = sign("eve", Namespace::Finding, text.as_bytes());
        let files = export(&text, &[writer.clone(), outsider]);
        check_files(&files, "signatures/2-eve@example.test.sig: the signature of eve@example.test does not hold");
        check_files(&files, "eve@example.test is not on the roster");
        let in_their_name = sign_as("lan", "eve", Namespace::Finding, text.as_bytes());
        check_files(&export(&text, &[writer, in_their_name]), "is not listed for lan@example.test");
    }
}

#[test]
fn an_edited_rendering_is_refused_by_its_name() {
    for (_, finding) in [of_stop(), of_restart(), of_comparison(), (Book::new(), finding(subject()))] {
        let files = exported(&finding, &["khoa"]);
        for path in ["finding.pdf", "finding.html", "finding.md", "VERIFY.txt"] {
            let mut edited = files.clone();
            let bytes = edited.get_mut(path).unwrap();
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            let expect =
                format!("{path} is not what finding.json and its signatures give: it was edited, byte {}", middle + 1);
            check_files(&edited, &expect);
            // With the sums written anew, as somebody would who edits a page.
            let mut sums = String::new();
            for (path, bytes) in edited.iter().filter(|(path, _)| *path != "SHA256SUMS") {
                sums += &format!("{}  {path}\n", Digest::of(bytes));
            }
            edited.insert("SHA256SUMS".to_owned(), sums.into_bytes());
            check_files(&edited, &expect);
        }
    }
}

#[test]
fn a_folder_of_the_first_form_is_read_as_it_was() {
    let finding = finding(subject());
    let text = canonical(&finding).unwrap();
    let signature = sign("khoa", Namespace::Finding, text.as_bytes());
    let first = export_form(&finding, &text, std::slice::from_ref(&signature), Form::First);
    assert!(!first.contains_key("finding.pdf") && !first.contains_key("finding.md"));
    check_files(&first, "");
    let mut without = export(&text, &[signature]);
    without.remove("finding.pdf");
    check_files(&without, "finding.pdf is missing");
    without.remove("finding.md");
    check_files(&without, "finding.html is not what");
    // Later kinds have one form only.
    let mut without = exported(&of_stop().1, &["khoa"]);
    without.remove("finding.pdf");
    without.remove("finding.md");
    check_files(&without, "finding.pdf is missing");
}

#[test]
fn every_rendering_tells_the_same_story() {
    for (_, finding) in [of_stop(), of_restart(), of_comparison(), (Book::new(), finding(subject()))] {
        let text = canonical(&finding).unwrap();
        let digest = Digest::of(text.as_bytes());
        let signature = sign("khoa", Namespace::Finding, text.as_bytes());
        let files = exported(&finding, &["khoa"]);
        let html = render_html(&finding, digest, std::slice::from_ref(&signature));
        let markdown = render_markdown(&finding, digest, &[signature]);
        let pages = super::pdf::tests::text_of(&files["finding.pdf"]);
        assert!(!html.contains("<script") && !html.contains("http:") && !html.contains("src="));
        for word in ["khoa@example.test", "what it cannot", &digest.phrase()] {
            let in_pdf = pages.concat().replace('\n', " ");
            assert!(html.contains(word) && in_pdf.contains(word), "{word}");
            assert!(markdown.contains(&word.replace('@', "\\@")) || markdown.contains(word), "{word} in {markdown}");
        }
        assert!(markdown.contains(&digest.to_string()));
        assert!(pages.iter().all(|page| page.contains(&digest.to_string())), "the digest is on every page");
    }
    let (_, stop) = of_stop();
    let page = render_html(&stop, Digest::of(b"x"), &[]);
    assert!(page.contains("17 governance.điều_lệ") && page.contains("U+202E") && page.contains("<em>đã xong</em>"));
}

#[test]
fn restores_are_a_sort_of_their_own() {
    let mut finding = finding(subject());
    assert_eq!(finding.sort(), FindingSort::Run);
    let Subject::Request(subject) = &mut finding.subject else { panic!("it is about a request") };
    subject.plan.restore = Some(crate::restore::Restore {
        table: crate::runbook::ObjectName::new("public", "rules"),
        columns: vec!["id".to_owned(), "name".to_owned()],
        key_columns: vec!["id".to_owned()],
        dump: crate::restore::DumpNote {
            file: "nightly.dump".to_owned(),
            form: crate::restore::DumpForm::Custom,
            server_version: None,
            dump_version: Some("16.4".to_owned()),
            taken_at: None,
            encoding: "UTF8".to_owned(),
            rows: 100,
            sha256: Digest::of(b"rows"),
        },
        scope: crate::restore::Scope::Table,
        declared_key: String::new(),
        later_rows: crate::restore::LaterRows::Keep,
        paused: Vec::new(),
        refers_to_itself: false,
        difference: crate::restore::DifferenceSum {
            only_in_dump: 12,
            only_live: 3,
            changed: 4,
            digest: Digest::of(b"difference"),
        },
        kept: 2,
        grounds: crate::restore::Grounds { evidence: vec!["5 of 6 rows".to_owned()], statement: None },
    });
    assert_eq!((finding.sort(), finding.kind_words()), (FindingSort::Restore, "Finding: restore"));
    let page = render_html(&finding, Digest::of(b"x"), &[]);
    let text = render_markdown(&finding, Digest::of(b"x"), &[]);
    for word in ["What is restored", "nightly.dump", "every row of the table", "unknown"] {
        assert!(page.contains(word) && text.contains(word), "{word}");
    }
    for number in ["12", "3", "4"] {
        assert!(page.contains(&format!("<dd>{number}</dd>")), "{number}");
    }
    assert!(page.contains(&Digest::of(b"difference").to_string()));
}
