//! The shelf of findings: filter, search, what was signed, counter-signatures, export, comparison, and words as they are typed.

use std::sync::Arc;

use countersign::census::{BASELINE_FORMAT, Baseline, Census, Reading};
use countersign::diagnose::Mode;
use countersign::digest::Digest;
use countersign::finding::{Cited, ComparisonSubject, Finding, FindingSubject, Shelf, StopSubject};
use countersign::ledger::{Body, RequestStatus};
use countersign::plan::canonical;
use countersign::session::{Command, Event, Failure, FailureKind, FindingAbout};
use countersign::ui::Page;

use super::approve::choose;
use super::desk::{Desk, Setting};
use super::fixture;
use super::shell::connected;

/// A run that lan wrote a finding of, and minh and hoa approved: with real signatures, so that they hold.
fn signed_run() -> (String, Vec<countersign::approval::SignedBytes>) {
    let files = crate::keys::first_form();
    let text = |path: &str| String::from_utf8(files[path].clone()).unwrap();
    let signature = text("signatures/1-lan@example.test.sig");
    let signed = countersign::approval::SignedBytes { principal: "lan@example.test".into(), signature };
    (text("finding.json"), vec![signed])
}

fn of(subject: impl Into<countersign::finding::Subject>, writer: &str, words: &str, at: &str) -> String {
    let finding = Finding::of(subject, writer.into(), words.to_owned(), fixture::at(at), 4, Digest::of(b"head"));
    canonical(&finding).unwrap()
}

/// A rehearsal that nobody has written of yet in their own name.
fn left() -> String {
    let view = fixture::request_view(&[]);
    let subject = FindingSubject {
        plan: fixture::plan(),
        plan_digest: Digest::of(b"plan"),
        request: view.request,
        request_digest: fixture::request_digest(),
        rehearsal: fixture::rehearsal(),
        rehearsal_digest: Digest::of(b"rehearsal"),
        roster: String::new(),
        roster_history: Vec::new(),
        used_at: fixture::at("2026-06-01T14:00:00Z"),
        requested: fixture::signed("lan@example.test"),
        approvals: Vec::new(),
        operated: None,
        outcome: None,
        failure: None,
        trace: None,
        inside: Vec::new(),
        after: None,
    };
    of(subject, "lan@example.test", "", "2026-06-01T14:12:00Z")
}

fn stop() -> (String, countersign::ledger::Entry) {
    let reason = "A governance event was emitted (expected 0, actual 3)".to_owned();
    let body = Body::Stopped { condition: "event-emitted".to_owned(), reason, by: None, detail: None };
    let entry = fixture::entry(7, "ops", &body);
    let cited = Cited { target: fixture::plan().target, entries: vec![entry.clone()] };
    let words = "Nhìn thấy lúc *14:30*:\n\n- ba sự kiện\n- **không** ai nhận";
    (of(StopSubject { stop: 7, cited }, "minh@example.test", words, "2026-06-01T14:30:00Z"), entry)
}

fn baseline(label: &str, count: &str) -> Baseline {
    let readings = [("rules".into(), Reading::Value(Some(count.to_owned())))].into();
    let census = Census { taken_at: fixture::at("2026-06-01T09:00:00Z"), target: fixture::plan().target, readings };
    Baseline {
        format: BASELINE_FORMAT.to_owned(),
        label: label.to_owned(),
        runbook: "phase1-governance".to_owned(),
        runbook_digest: Digest::of(b"runbook"),
        asked: std::collections::BTreeMap::new(),
        census,
    }
}

fn comparison() -> String {
    let (left, right) = (baseline("before the build", "6"), baseline("after the build", "7"));
    let subject = ComparisonSubject {
        left_digest: Digest::of(b"left"),
        right_digest: Digest::of(b"right"),
        left,
        right,
        checks: Vec::new(),
        ignored: vec!["noise".into()],
        comparison: countersign::census::Comparison::default(),
        cited: Cited { target: fixture::plan().target, entries: Vec::new() },
    };
    of(subject, "huong@example.test", "", "2026-06-01T14:40:00Z")
}

fn read() -> Event {
    let mut ledger = fixture::ledger(Some(fixture::request_view(&[])), RequestStatus::Open);
    let state = Arc::make_mut(&mut ledger.state);
    let (run, signatures) = signed_run();
    let (stop, entry) = stop();
    Arc::make_mut(&mut ledger.entries).push(entry);
    state.findings = vec![
        (5, run, signatures),
        (8, stop, vec![fixture::signed("minh@example.test")]),
        (9, comparison(), vec![fixture::signed("huong@example.test")]),
        (10, left(), Vec::new()),
    ];
    state.head_seq = 10;
    ledger.shelf = Arc::new(Shelf::of(&ledger.state.findings));
    Event::LedgerRead(Arc::new(ledger))
}

const RUN: &str = "Finding No. 1 · run · entry 5 · signed by lan@example.test · 2 counter-signatures offered · Committed: the \
                   reversal of SB-12 on directus. Verified after the commit: 0 of 0 checks hold.";

pub fn shelf(setting: Setting) -> Desk {
    let mut desk = Desk::with(setting);
    desk.hear(fixture::opened());
    desk.hear(fixture::connected(countersign::session::Environment::Staging));
    desk.hear(read());
    // Nothing is under way.
    desk.hear(fixture::survey(Mode::Isolated));
    desk.hear(fixture::survey(Mode::Isolated));
    desk.sent();
    desk.go(Page::Findings);
    desk
}

/// The shelf with one finding opened.
pub fn opened(setting: Setting) -> Desk {
    let mut desk = shelf(setting);
    desk.click(RUN);
    desk
}

#[test]
fn findings_are_numbered_filtered_and_searched() {
    let mut desk = shelf(Setting::default());
    desk.must_say("Finding No. 4 · rehearsal · entry 10 · to be signed");
    desk.must_say("Finding No. 3 · comparison · entry 9 · signed by huong@example.test");
    let names: Vec<String> = (1..=4).map(|number| format!("Finding No. {number} ·")).collect();
    assert!(names.iter().all(|name| desk.says(name)));
    desk.click("stop 1").must_say("Finding No. 2 · stop");
    desk.must_not_say("Finding No. 1 ·");
    desk.click("all 4").type_into("Search", "sb-12 lan").must_say("Finding No. 1 ·");
    desk.must_not_say("Finding No. 2 ·");
    desk.type_into("Search", " nobody").must_say("No finding has all of these words");
}

#[test]
fn an_opened_finding_says_whose_signature_holds_and_who_may_countersign() {
    let mut desk = opened(Setting::default());
    desk.must_say("lan@example.test signed it; the signature holds");
    desk.must_say("Not yet countersigned by minh@example.test and hoa@example.test, who approved the run");
    desk.must_say("Đã đảo ngược.");
    desk.click("Countersign it").must_say("You sign the same bytes as its writer");
    choose(&mut desk, "finding", "minh@example.test");
    desk.type_into("Private key file", "/keys/minh").click("Countersign Finding No. 1");
    let sent = desk.sent();
    let [Command::CountersignFinding { number: 1, signer }] = sent.as_slice() else { panic!("{}", sent.len()) };
    assert_eq!(signer.principal.as_str(), "minh@example.test");
}

#[test]
fn a_signature_that_does_not_hold_is_said_to_and_signs_nothing_on() {
    let mut desk = shelf(Setting::default());
    let stop = desk.whole_name("Finding No. 2 ·");
    desk.click(&stop).must_say("A signature in the name of minh@example.test does not hold");
    desk.must_say("Finding: disaster stop").must_say("ba sự kiện");
    assert!(!desk.shows("Countersign it") && !desk.shows("Export it"));
}

#[test]
fn a_kept_finding_is_exported_as_it_is() {
    let mut desk = opened(Setting::default());
    desk.click("Export it").must_say("Nothing is signed");
    assert!(!desk.can("Export Finding No. 1"));
    desk.type_into("New folder to export to", "/findings/1").click("Export Finding No. 1");
    let sent = desk.sent();
    assert!(matches!(sent.as_slice(), [Command::ExportKept { number: 1, folder }] if folder.ends_with("1")));
}

#[test]
fn two_findings_are_compared_as_text() {
    let mut desk = opened(Setting::default());
    desk.click("Choose for comparison").must_say("No. 1 is chosen; choose another one");
    let stop = desk.whole_name("Finding No. 2 ·");
    desk.click(&stop).click("Choose for comparison").click("Compare No. 1 with No. 2");
    desk.must_say("Finding No. 1 beside Finding No. 2");
    for _ in 0..200 {
        if desk.says("# Disaster stop on directus") {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
        desk.harness.run_steps(2);
    }
    desk.must_say("# Disaster stop on directus");
    desk.click("Back to the shelf").must_say("Finding No. 4 ·");
}

#[test]
fn words_are_shown_as_they_will_stand_and_nothing_else_is_asked_of_a_stop() {
    let mut desk = shelf(Setting::default());
    desk.click("Write and export").click("A stop").must_say("Finding about the stop of entry 7");
    desk.type_into("Your words (Markdown, may be empty)", "All **well** <img src=x>");
    desk.must_say("As they will stand in it").must_say("All well <img src=x>");
    choose(&mut desk, "finding", "minh@example.test");
    desk.type_into("Private key file", "/keys/minh").type_into("New folder to export to", "/findings/3");
    desk.click("Sign and export the finding");
    let is_of_stop = |sent: &Command| matches!(sent, Command::ExportFinding { about: FindingAbout::Stop(7), .. });
    assert!(desk.sent().iter().any(is_of_stop));
    desk.click("A restart").must_say("There was no restart");
}

#[test]
fn a_desk_without_findings_says_what_to_do_next() {
    let mut desk = connected();
    desk.go(Page::Findings).must_say("No finding has been kept");
    desk.click("Write a finding").must_say("Finding about");
}

/// The form of a finding about two baselines.
pub fn two_baselines(setting: Setting) -> Desk {
    let mut desk = Desk::with(setting);
    desk.hear(fixture::opened());
    desk.hear(fixture::connected(countersign::session::Environment::Staging));
    let mut view = fixture::ledger(None, RequestStatus::Open);
    let text = serde_json::to_string(&baseline("after the build", "7")).unwrap();
    Arc::make_mut(&mut view.state).baselines.push((Digest::of(text.as_bytes()), text));
    let built = Arc::new(baseline("before the build", "6"));
    desk.hear(Event::BaselineOpened { path: "/baseline.json".into(), baseline: built });
    desk.hear(Event::LedgerRead(Arc::new(view)));
    desk.hear(fixture::survey(Mode::Isolated));
    desk.hear(fixture::survey(Mode::Isolated));
    desk.sent();
    desk.go(Page::Findings).click("Write and export").click("Two baselines");
    desk
}

#[test]
fn two_baselines_are_written_about_and_what_is_left_out_is_named() {
    let mut desk = two_baselines(Setting::default());
    desk.must_say("Finding about before the build beside after the build");
    let left_out = "Checks to leave out, by id, with commas between them";
    desk.type_into(left_out, "rule");
    desk.must_say("Neither baseline holds a check `rule`").must_not_say("Sign and export the finding");
    desk.type_into(left_out, "s ,");
    desk.must_say("Left out, named in the finding and signed: rules.");
    choose(&mut desk, "finding", "minh@example.test");
    desk.type_into("Private key file", "/keys/minh").type_into("New folder to export to", "/findings/4");
    desk.click("Sign and export the finding");
    let of_the_pair = |sent: &Command| match sent {
        Command::ExportFinding { about: FindingAbout::Comparison(pair), .. } => {
            pair.left.label == "before the build" && pair.ignored == ["rules".into()]
        }
        _ => false,
    };
    assert!(desk.sent().iter().any(of_the_pair));
}

/// A file that somebody drops on the window.
#[derive(Debug)]
struct Dropped(std::path::PathBuf);

impl eframe::egui::DroppedFile for Dropped {
    fn path(&self) -> &std::path::Path {
        &self.0
    }

    fn bytes(&self) -> Result<Vec<u8>, String> {
        Err("nobody should read it".to_owned())
    }
}

#[test]
fn a_finding_dropped_on_the_window_is_verified_whichever_file_of_it_is_dropped() {
    let mut desk = connected();
    desk.files.0.lock().unwrap().insert("/findings/2/finding.json".into(), b"{}".to_vec());
    let mut dropped = |path: &str| {
        desk.sent();
        desk.harness.input_mut().dropped_files.push(Arc::new(Dropped(path.into())));
        desk.harness.run_steps(2);
        let sent = desk.sent();
        desk.hear(Event::Failed(Failure::new(FailureKind::Unreadable, "it is not there", "Name another.")));
        let [command] = sent.as_slice() else { panic!("{path}: {} commands", sent.len()) };
        match command {
            Command::VerifyFinding(path) => format!("verify {}", path.display()),
            Command::OpenBaseline(path) => format!("baseline {}", path.display()),
            Command::OpenRunbook(path) => format!("runbook {}", path.display()),
            _ => panic!("{path}: another command"),
        }
    };
    for (path, expected) in [
        ("/findings/2", "verify /findings/2"),
        ("/findings/2/finding.pdf", "verify /findings/2/finding.pdf"),
        ("/elsewhere/finding.json", "verify /elsewhere/finding.json"),
        ("/elsewhere/finding.html", "verify /elsewhere/finding.html"),
        ("/kept/before.json", "baseline /kept/before.json"),
        ("/runbooks/orders", "runbook /runbooks/orders"),
    ] {
        assert_eq!(dropped(path), expected);
    }
}
