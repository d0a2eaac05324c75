//! The deed: preflight, the name typed by hand, live statements, and the three outcomes.

use std::sync::Arc;

use countersign::approval::SignedBytes;
use countersign::census::Comparison;
use countersign::finding::{Shelf, Verification, VerifiedSignature};
use countersign::ledger::RequestStatus;
use countersign::run::{Finished, Outcome, RunToken};
use countersign::session::{Command, Event, Failure, FailureKind, FindingAbout, LeftFinding, Progress};
use countersign::ui::Page;
use eframe::egui::Key;

use super::approve::choose;
use super::desk::Desk;
use super::fixture;
use super::shell::connected;

const DEED: &str = "Commit 4 statements to directus on db-1";
const ASK: &str = "Commit 4 statements to directus on db-1…";
const NAME: &str = "Type the database's name, directus";

fn approved() -> Desk {
    let mut desk = connected();
    desk.hear(fixture::ledger_read(&["minh@example.test", "huong@example.test"]));
    desk.go(Page::Run);
    choose(&mut desk, "run", "lan@example.test");
    desk.sent();
    desk
}

fn finished(outcome: Outcome, after: bool) -> Event {
    let rows = fixture::rehearsal().inside.remove(0).rows;
    let finished = Finished {
        outcome,
        trace: fixture::trace(),
        entry: None,
        inside: Vec::new(),
        exit: None,
        after: after.then_some(Comparison { rows }),
        tripped: None,
        failure: None,
        duration_millis: 212,
    };
    Event::Ran { request: "a41f09c27be3".to_owned(), finished: Arc::new(finished), finding: None }
}

fn unknown() -> Outcome {
    let token = RunToken {
        run: "77aa".to_owned(),
        stage: 0,
        xid: "90412".to_owned(),
        pid: 4242,
        backend_start: "2026-06-01 14:19:00+00".to_owned(),
        system_identifier: "7361112233445566778".to_owned(),
        timeline: 1,
    };
    Outcome::Unknown {
        token,
        reason: "the connection was lost after COMMIT was sent".to_owned(),
        committed: Vec::new(),
    }
}

#[test]
fn nothing_runs_with_one_signature() {
    let mut desk = connected();
    desk.hear(fixture::ledger_read(&["minh@example.test"]));
    desk.go(Page::Run).must_say("1 of 2 people have approved").must_say("Waits for every line of the preflight.");
    choose(&mut desk, "run", "lan@example.test");
    assert!(!desk.can(ASK));
}

#[test]
fn the_name_is_typed_exactly_and_the_deed_is_the_label() {
    let mut desk = approved();
    desk.must_say("2 of 2 people have approved, with distinct keys").must_say("Connected to directus");
    desk.click(ASK);
    assert!(!desk.can(DEED));
    desk.type_into(NAME, "directu");
    assert!(!desk.can(DEED));
    desk.type_into(NAME, "S");
    assert!(!desk.can(DEED), "another case is another name");
    desk.harness.key_press(Key::Backspace);
    desk.harness.run_steps(2);
    desk.type_into(NAME, "s");
    assert!(desk.can(DEED));
    desk.click(DEED);
    let sent = desk.sent();
    let [Command::Run { request, confirm, signer }] = sent.as_slice() else { panic!("one run") };
    assert_eq!((request.as_str(), confirm.as_str()), ("a41f09c27be3", "directus"));
    assert_eq!(signer.principal.as_str(), "lan@example.test");
}

#[test]
fn neither_esc_nor_enter_nor_a_click_outside_confirms() {
    for leave in [Some(Key::Escape), Some(Key::Enter), None] {
        let mut desk = approved();
        desk.click(ASK).type_into(NAME, "directus");
        if let Some(key) = leave {
            desk.harness.key_press(key);
        } else {
            desk.harness.drag_at(eframe::egui::pos2(8.0, 400.0));
            desk.harness.drop_at(eframe::egui::pos2(8.0, 400.0));
        }
        desk.harness.run_steps(4);
        assert!(desk.sent().is_empty(), "{leave:?} ran something");
        if leave != Some(Key::Enter) {
            desk.must_not_say(NAME);
            desk.click(ASK);
            assert!(!desk.can(DEED), "what was typed is forgotten");
        }
    }
}

#[test]
fn a_run_is_followed_live_to_its_sentence() {
    let mut desk = approved();
    desk.click(ASK).type_into(NAME, "directus").click(DEED);
    desk.sent();
    desk.hear(Event::Began("Running a41f09c27be3".to_owned()));
    desk.hear(Event::Progress(Progress::Passed("Every signature holds".to_owned())));
    desk.hear(Event::Progress(Progress::Sending { step: "SB-12".into(), number: 3, of: 4 }));
    desk.must_say("Every signature holds")
        .must_say("SB-12: statement 3 of 4")
        .must_say("Running a41f09c27be3 · statement 3 of 4");
    desk.hear(Event::Progress(Progress::Answered(fixture::trace().statements.remove(2))));
    desk.hear(Event::Progress(Progress::Committing));
    desk.must_say("SB-12 1: DELETE 1 · 7 ms").must_say("COMMIT was sent");
    desk.hear(finished(Outcome::Committed, true));
    desk.must_say("Committed, and verified afterwards: 6 checks as expected").must_say("Write the finding");
    assert!(matches!(desk.sent().as_slice(), [Command::ReadLedger]));
}

#[test]
fn a_roll_back_says_why_and_what_was_kept() {
    let mut desk = approved();
    let reason = "SB-12 statement 1: expected exactly 1 row, was 2".to_owned();
    desk.hear(finished(Outcome::RolledBack { reason, committed: vec!["SB-10".into()] }, false));
    desk.must_say("Rolled back, committed before it: SB-10: SB-12 statement 1: expected exactly 1 row, was 2");
    desk.hear(finished(Outcome::Committed, false)).must_say("Committed; it could not be verified afterwards");
}

#[test]
fn unknown_has_its_own_screen_and_is_proved_again() {
    let mut desk = approved();
    desk.hear(finished(unknown(), false));
    desk.must_say("Nobody knows yet whether it was committed").must_say("Do not run it again");
    desk.must_say("90412").must_say("pg_xact_status").must_not_say("Committed,");
    assert!(!desk.shows(ASK));
    desk.hear(Event::LedgerRead(Arc::new(fixture::ledger(
        Some(fixture::request_view(&[])),
        RequestStatus::Ended(unknown()),
    ))));
    desk.hear(fixture::survey(countersign::diagnose::Mode::Isolated));
    desk.sent();
    desk.click("Prove again");
    assert!(matches!(desk.sent().as_slice(), [Command::Prove { request }] if request == "a41f09c27be3"));
}

#[test]
fn the_unknown_screen_stays_while_it_is_proved_and_says_what_never_happens() {
    let mut desk = approved();
    desk.hear(finished(unknown(), false));
    let ended = |outcome: Outcome| {
        Event::LedgerRead(Arc::new(fixture::ledger(Some(fixture::request_view(&[])), RequestStatus::Ended(outcome))))
    };
    desk.hear(ended(unknown()));
    desk.must_say("What never happens by itself").must_say("Nothing is run again");
    desk.must_say("A standby, a copy or another server proves nothing").must_not_say("Proving now");
    desk.hear(fixture::survey(countersign::diagnose::Mode::Isolated));
    desk.sent();
    desk.click("Prove again");
    desk.hear(Event::Began("Proving what became of a41f09c27be3".to_owned()));
    desk.must_say("Nobody knows yet").must_say("Proving now: waiting for the old transaction's end");
    assert!(!desk.can("Prove again"), "one proof at a time");
    // It could not be told: the screen stays, with the reason that the ledger holds now.
    let Outcome::Unknown { token, committed, .. } = unknown() else { unreachable!() };
    let reason = "the server has failed over since".to_owned();
    desk.hear(ended(Outcome::Unknown { token, reason: reason.clone(), committed }));
    desk.hear(Event::Failed(Failure {
        kind: FailureKind::Unknown,
        message: format!("the outcome is unknown: {reason}"),
        hint: String::new(),
    }));
    desk.must_say("Nobody knows yet").must_say("the server has failed over since").must_not_say("Proving now");
    assert!(
        matches!(desk.sent().as_slice(), [Command::Prove { .. }, Command::ReadLedger]),
        "and nothing else is asked"
    );
}

#[test]
fn what_is_proved_takes_the_place_of_what_was_told() {
    let mut desk = approved();
    desk.hear(finished(unknown(), false));
    let ended = |outcome: Outcome| {
        Event::LedgerRead(Arc::new(fixture::ledger(Some(fixture::request_view(&[])), RequestStatus::Ended(outcome))))
    };
    desk.hear(ended(unknown()));
    desk.hear(fixture::survey(countersign::diagnose::Mode::Isolated));
    desk.sent();
    desk.click("Prove again");
    assert!(matches!(desk.sent().as_slice(), [Command::Prove { .. }]));
    desk.hear(Event::Began("Proving what became of a41f09c27be3".to_owned()));
    desk.hear(ended(Outcome::Committed));
    desk.hear(Event::Finished).must_not_say("Nobody knows yet").must_say("Committed");
}

#[test]
fn a_run_without_a_recorded_end_is_unknown_on_every_desk() {
    let mut desk = connected();
    let begun = RequestStatus::Begun { run: "77aa".to_owned() };
    desk.hear(Event::LedgerRead(Arc::new(fixture::ledger(Some(fixture::request_view(&[])), begun))));
    desk.go(Page::Run)
        .must_say("Nobody knows yet")
        .must_say("The run 77aa began, and the ledger records no end of it.");
}

#[test]
fn a_finding_is_verified_in_three_lists() {
    let mut desk = connected();
    let verification = |refused: &[&str]| Verification {
        finding: None,
        digest: None,
        signatures: vec![VerifiedSignature {
            principal: "minh@example.test".into(),
            file: "request.json".to_owned(),
            namespace: "countersign-run".to_owned(),
            fingerprint: "SHA256:abc".to_owned(),
        }],
        proved: vec!["Two distinct people signed the request".to_owned()],
        refused: refused.iter().map(|sentence| (*sentence).to_owned()).collect(),
        not_proved: vec!["That the server's clock was right".to_owned()],
    };
    desk.go(Page::Findings).click("Verify").type_into("Finding folder", "/findings/1").click("Verify finding");
    assert!(matches!(desk.sent().as_slice(), [Command::VerifyFinding(path)] if path.ends_with("1")));
    desk.hear(Event::FindingVerified(Arc::new(verification(&["The plan's digest is another one"]))));
    desk.must_say("This finding does not verify").must_say("The plan's digest is another one");
    desk.must_say("Two distinct people signed").must_say("That the server's clock was right");
    desk.must_say("minh@example.test · countersign-run over request.json");
}

#[test]
fn a_finding_that_a_run_left_is_to_be_signed() {
    let mut desk = approved();
    let reason = "SB-12 statement 1: expected exactly 1 row, was 2".to_owned();
    let Event::Ran { request, finished, .. } = finished(Outcome::RolledBack { reason, committed: Vec::new() }, false)
    else {
        unreachable!("a run that has ended")
    };
    desk.hear(Event::Ran { request, finished, finding: Some(LeftFinding::Kept(9)) });
    desk.must_say("A finding of it is in the ledger, entry 9, to be signed");
    let mut ledger = fixture::ledger(Some(fixture::request_view(&[])), RequestStatus::Open);
    let state = Arc::make_mut(&mut ledger.state);
    let document = format!("{{\"subject\":{{\"request_digest\":\"{}\"}}}}", fixture::request_digest());
    state.findings.push((9, document.clone(), Vec::new()));
    state.head_seq = 9;
    ledger.shelf = Arc::new(Shelf::of(&ledger.state.findings));
    desk.hear(Event::LedgerRead(Arc::new(ledger.clone())));
    desk.go(Page::Findings).must_say("Finding No. 1 · entry 9 · to be signed");
    // Once somebody has signed one, nothing waits any more.
    let signature = SignedBytes { principal: "lan@example.test".into(), signature: String::new() };
    let state = Arc::make_mut(&mut ledger.state);
    state.findings.push((10, document, vec![signature]));
    state.head_seq = 10;
    ledger.shelf = Arc::new(Shelf::of(&ledger.state.findings));
    desk.hear(Event::LedgerRead(Arc::new(ledger)));
    // The same document with a signature is the same finding.
    desk.must_say("Finding No. 1 · entry 9 · signed by lan@example.test").must_not_say("to be signed");
}

#[test]
fn a_finding_is_signed_and_exported() {
    let mut desk = connected();
    desk.go(Page::Findings).click("Write and export");
    choose(&mut desk, "finding", "lan@example.test");
    assert!(!desk.can("Sign and export the finding"));
    desk.type_into("New folder to export to", "/findings/2").click("Sign and export the finding");
    let is_about = |about: &FindingAbout| matches!(about, FindingAbout::Request(name) if name == "a41f09c27be3");
    assert!(matches!(desk.sent().as_slice(), [Command::ExportFinding { about, .. }] if is_about(about)));
    desk.hear(Event::FindingExported { folder: "/findings/2".into(), digest: fixture::request_digest() });
    desk.hear(fixture::ledger_read(&[]));
    desk.must_say("Wrote the finding to /findings/2");
}
