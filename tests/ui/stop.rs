//! The stop screen: what tripped, the session to leave alone, the gates with who is missing, and a paper for each.

use countersign::ledger::Authorisation;
use countersign::session::{Command, Event};
use countersign::ui::Page;

use super::approve::choose;
use super::desk::Desk;
use super::fixture::{self, Held};
use super::shell::connected;

fn stopped(held: Held) -> Desk {
    let mut desk = connected();
    desk.hear(fixture::held(held));
    if held == Held::Diverged {
        // Asked for of itself, once there is a finding whose records can be looked at.
        desk.hear(fixture::restart_seen());
    }
    desk.go(Page::Stop);
    desk.sent();
    desk
}

#[test]
fn what_tripped_is_shown_with_its_rows_and_the_session_to_leave_alone() {
    let mut desk = stopped(Held::Stopped);
    desk.must_say("Stopped: event-emitted").must_say("A governance event was emitted");
    desk.must_say("0").must_say("3").must_say("governance.owner.assigned · E-0000101");
    desk.must_say("Ledger entry 7").must_say("login ops while a window watched");
    desk.must_say("About SB-11; a restart begins at STEP 0 of each");
    desk.must_say("Quarantined session: leave it alone").must_say("pid 4711 · build · phase1-build");
    desk.must_say("Please send ROLLBACK; in that very session");
    desk.must_say("Restart: 3 gates open").must_say("Missing: a signed divergence finding");
    // The band leads here from anywhere.
    desk.go(Page::Script).click("What stopped it");
    assert_eq!(desk.harness.state().page(), Page::Stop);
}

#[test]
fn a_session_whose_owner_cannot_be_asked_is_asked_to_end_by_its_full_name() {
    let mut desk = stopped(Held::Stopped);
    desk.click("Its owner cannot be asked…");
    let deed = "Ask for the end of session 4711";
    assert!(!desk.can(deed));
    choose(&mut desk, "end-session", "lan@example.test");
    // The restart has a form of its own beside it.
    desk.type_into_nth("Private key file", 0, "/keys/lan");
    desk.click(deed);
    let sent = desk.sent();
    let [Command::StageEndSession { choice, signer }] = sent.as_slice() else { panic!("one request") };
    assert_eq!((choice.pid, signer.principal.as_str()), (4711, "lan@example.test"));
    assert_eq!(choice.xact_start, Some(fixture::at("2026-06-01T13:58:02Z")));
}

#[test]
fn the_divergence_finding_comes_first() {
    let mut desk = stopped(Held::Stopped);
    desk.must_not_say("Council record").must_not_say("Accept differences");
    let deed = "Take the census and sign the finding";
    desk.must_say("Waits for: words");
    desk.type_into("What happened; Markdown", "Three events went out at 14:02.");
    choose(&mut desk, "restart", "minh@example.test");
    assert!(!desk.can(deed), "no key is chosen");
    desk.type_into("Private key file", "/keys/minh");
    desk.click(deed);
    let sent = desk.sent();
    let [Command::WriteDivergence { words, signer, .. }] = sent.as_slice() else { panic!("one finding") };
    assert_eq!((words.as_str(), signer.principal.as_str()), ("Three events went out at 14:02.", "minh@example.test"));
}

#[test]
fn the_sovereign_sees_differences_and_records_before_signing() {
    let mut desk = stopped(Held::Diverged);
    desk.must_say("Divergence finding").must_say("Three events went out at 14:02.");
    desk.must_say("event-emitted: expected 0, actual 3").must_say("council-record: COUNCIL-2026-021");
    desk.must_say("lan@example.test wrote the divergence finding: one difference remains");
    desk.click("Authorisation");
    desk.must_say("its record says: approved").must_say("Waits for: a verdict on every step");
    desk.type_into("Why", "The step is sound.");
    choose(&mut desk, "restart", "huong@example.test");
    desk.type_into("Private key file", "/keys/huong");
    let deed = "Sign the verdicts";
    assert!(!desk.can(deed));
    desk.click("Re-confirm SB-11");
    desk.click(deed);
    let sent = desk.sent();
    let [Command::AuthoriseSteps { verdicts, seen, .. }] = sent.as_slice() else { panic!("one paper") };
    assert_eq!(verdicts, &[("SB-11".into(), Authorisation::Reconfirmed)]);
    assert_eq!(seen.len(), 1, "what was shown of the record goes with it");
    desk.hear(Event::Began("Signing the verdicts".to_owned()));
    desk.hear(Event::Finished);
    desk.click("Accept differences");
    desk.must_say("1 difference accepted as above");
    desk.type_into("Why the differences may stay", "97.6 forbids to delete them.");
    desk.click("Accept the differences");
    let sent = desk.sent();
    let [Command::AcceptDifferences { seen, .. }] = sent.as_slice() else { panic!("one paper") };
    assert_eq!(seen.len(), 1);
}

#[test]
fn anybody_looks_at_the_record() {
    let mut desk = stopped(Held::Diverged);
    desk.click("Council record");
    desk.type_into("What the record says", "In force.");
    choose(&mut desk, "restart", "minh@example.test");
    desk.type_into("Private key file", "/keys/minh");
    desk.click("Sign what the record says");
    let sent = desk.sent();
    let [Command::RecheckRecord { gate, words, .. }] = sent.as_slice() else { panic!("one paper") };
    assert_eq!((gate.as_str(), words.as_str()), ("council-record", "In force."));
}

#[test]
fn without_a_stop_it_offers_to_halt_by_hand_and_to_watch() {
    let mut desk = stopped(Held::Nothing);
    desk.must_say("No stop holds");
    let deed = "Stop everything on directus";
    assert!(!desk.can(deed));
    desk.type_into("What you saw, in one sentence", "smoke");
    choose(&mut desk, "stop", "minh@example.test");
    desk.type_into("Private key file", "/keys/minh");
    desk.click("SB-2");
    desk.click(deed);
    let sent = desk.sent();
    let [Command::DeclareStop { reason, steps, .. }] = sent.as_slice() else { panic!("one stop") };
    assert_eq!((reason.as_str(), steps.as_slice()), ("smoke", &["SB-2".into()][..]));
    desk.click("2 min");
    assert!(matches!(desk.sent().as_slice(), [Command::Watch(120)]), "how often is watched");
}

#[test]
fn a_forward_build_is_rehearsed_and_shown_with_its_proof() {
    let mut desk = connected();
    desk.go(Page::Rehearsal).click("Forward build");
    desk.must_say("Build SB-12 and take it back");
    desk.click("Rehearse the build of SB-12");
    let sent = desk.sent();
    let [Command::RehearseBuild { step, .. }] = sent.as_slice() else { panic!("one rehearsal") };
    assert_eq!(step.as_str(), "SB-12");
    desk.hear(fixture::built());
    desk.must_say("nothing was left behind").must_say("Birth trigger keeps the F-83-1 fix").must_say("CREATE TABLE");
    desk.must_say("Once committed it would stop everything: event-emitted");
}
