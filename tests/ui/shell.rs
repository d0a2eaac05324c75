//! The frame around the pages: who, where, what is under way; keys, palette, memory, silence.

use std::path::PathBuf;
use std::sync::Arc;

use countersign::adapter::files::DiskFolders;
use countersign::diagnose::Mode;
use countersign::ledger::RequestStatus;
use countersign::port::DatabaseError;
use countersign::session::{Command, Environment, Event, Failure, FailureKind};
use countersign::ui::{Page, Prefs};
use eframe::egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable as _;

use super::desk::{Desk, Setting};
use super::fixture;

pub fn connected() -> Desk {
    connected_with(Setting::default())
}

pub fn connected_with(setting: Setting) -> Desk {
    let mut desk = Desk::with(setting);
    desk.hear(fixture::opened());
    desk.hear(fixture::connected(Environment::Production));
    desk.hear(fixture::ledger_read(&[]));
    desk.hear(fixture::survey(Mode::Isolated));
    desk.sent();
    desk
}

fn failed(kind: FailureKind, message: &str) -> Event {
    Event::Failed(Failure { kind, message: message.to_owned(), hint: "Try this next.".to_owned() })
}

#[test]
fn an_empty_desk_says_what_to_do_next() {
    let mut desk = Desk::new();
    desk.must_say("Open runbook").must_say("Connect").must_say("Not connected");
    for (page, words) in [
        (Page::Overview, "No runbook is open"),
        (Page::Script, "No step is selected"),
        (Page::Compare, "Nothing to compare yet"),
        (Page::Rehearsal, "Nothing has been rehearsed"),
        (Page::Approvals, "No request has been staged"),
        (Page::Run, "Nothing can be run"),
        (Page::Findings, "The ledger has not been read"),
        (Page::Ledger, "The ledger has not been read"),
    ] {
        desk.go(page).must_say(words);
    }
    // A finding from a folder needs no ledger.
    desk.go(Page::Findings).click("Verify").must_say("Verify an exported finding");
}

#[test]
fn opening_a_runbook_and_connecting_asks_for_what_follows() {
    let mut desk = Desk::with(Setting {
        runbook: Some(PathBuf::from("/runbooks/phase1-governance")),
        connection: Some("postgres://ops:geheim@db-1/directus".to_owned()),
        ..Setting::default()
    });
    assert!(matches!(desk.sent().as_slice(), [Command::OpenRunbook(_)]), "one operation at a time");
    desk.hear(fixture::opened());
    assert!(matches!(desk.sent().as_slice(), [Command::Connect { .. }]));
    desk.hear(fixture::connected(Environment::Production));
    assert!(matches!(desk.sent().as_slice(), [Command::ReadLedger]));
    desk.hear(fixture::ledger_read(&[]));
    assert!(matches!(desk.sent().as_slice(), [Command::Survey]));
    let kept = String::from_utf8(desk.files.0.lock().unwrap()[&PathBuf::from("/prefs.json")].clone()).unwrap();
    assert!(kept.contains("postgres://ops@db-1/directus") && !kept.contains("geheim"), "{kept}");
    assert!(kept.contains("/runbooks/phase1-governance"));
}

#[test]
fn a_late_finished_does_not_end_the_next_operation() {
    let mut desk = Desk::new();
    desk.hear(fixture::opened()).hear(Event::Finished);
    desk.hear(fixture::connected(Environment::Staging));
    desk.hear(Event::Finished);
    desk.must_say("Reading the ledger");
    desk.hear(Event::Began("Reading the ledger".to_owned())).hear(Event::Finished);
    desk.must_not_say("Reading the ledger");
}

#[test]
fn the_band_says_where_and_as_whom() {
    let desk = connected();
    desk.must_say("PRODUCTION: directus @ db-1:5432  as ops  ·  TLS  ·  PG 15.18, clear");
}

#[test]
fn a_stop_stands_over_everything_with_what_is_needed() {
    let mut desk = connected();
    desk.must_not_say("Disaster stop:");
    desk.hear(fixture::stopped());
    desk.must_say("Disaster stop: event-emitted: event_outbox holds 3 governance rows; expected 0");
    desk.must_say("the divergence is documented and reconciled");
    desk.must_say("stopped");
    // D-11: a diagnosis of Stop does the same without a latch.
    let mut desk = connected();
    desk.hear(fixture::survey(Mode::Stop));
    desk.must_say("Disaster stop: diagnosis");
}

#[test]
fn the_rail_shows_order_diagnosis_and_approvals_and_is_walked_by_keys() {
    let mut desk = connected();
    desk.must_say("1 SB-12: ordered, 0 of 2 approved").must_say("5 SB-2: not applied, not staged");
    desk.click("1 SB-12: ordered, 0 of 2 approved");
    desk.harness.key_press(Key::ArrowDown);
    desk.harness.run_steps(3);
    desk.must_say("Decision path · SB-13");
    desk.harness.key_press(Key::ArrowUp);
    desk.harness.run_steps(3);
    desk.must_say("Decision path · SB-12");
    desk.harness.key_press_modifiers(Modifiers::ALT, Key::ArrowDown);
    desk.harness.run_steps(3);
    desk.must_say("Decision path · SB-13");
}

#[test]
fn the_palette_goes_places_and_does_nothing_else() {
    let mut desk = connected();
    desk.harness.key_press_modifiers(Modifiers::COMMAND, Key::K);
    desk.harness.run_steps(4);
    desk.must_say("Go to a page, a step or a check");
    for word in ["Commit", "Approve ", "Sign ", "Withdraw", "Restart"] {
        assert!(desk.harness.query_all_by_label_contains(word).all(|node| node.rect().width() < 1.0), "{word}");
    }
    desk.type_into("Go to a page, a step or a check", "birth-trigger");
    desk.harness.key_press(Key::Enter);
    desk.harness.run_steps(4);
    assert_eq!(desk.harness.state().page(), Page::Compare);
    desk.must_say("Next change");
    assert!(desk.sent().is_empty());
}

#[test]
fn what_is_under_way_is_said_and_can_be_cancelled() {
    let mut desk = connected();
    desk.click("Look again");
    assert!(matches!(desk.sent().as_slice(), [Command::Survey]));
    desk.hear(Event::Began("Looking at directus".to_owned()));
    desk.must_say("Looking at directus · 0.0 s");
    assert!(!desk.can("Look again"), "one operation in flight");
    desk.click("Cancel");
    assert!(matches!(desk.sent().as_slice(), [Command::Cancel]));
    desk.must_say("Cancelling…");
    desk.hear(failed(FailureKind::Blocked, "cancelled by a person"));
    desk.must_say("cancelled by a person").must_not_say("Cancelling…");
}

#[test]
fn what_was_known_stays_on_the_screen_when_the_next_look_fails() {
    let mut desk = connected();
    desk.click("Look again");
    desk.hear(failed(FailureKind::CannotConnect, "cannot connect: refused"));
    desk.go(Page::Compare)
        .must_say("cannot connect: refused")
        .must_say("What follows is what was seen before")
        .must_say("apr-active: drifted");
}

#[test]
fn a_database_without_a_ledger_is_offered_one_with_its_sql_first() {
    let mut desk = Desk::new();
    desk.hear(fixture::connected(Environment::Staging));
    desk.hear(failed(FailureKind::Unreadable, &DatabaseError::NoLedger.to_string()));
    desk.must_say("no ledger yet").must_not_say("Make the ledger");
    desk.go(Page::Start).click("Show the SQL that makes it");
    desk.must_say("CREATE SCHEMA countersign;");
    desk.sent();
    desk.click("Make the ledger in directus");
    assert!(matches!(desk.sent().as_slice(), [Command::InitLedger]));
    desk.hear(Event::LedgerMade);
    assert!(matches!(desk.sent().as_slice(), [Command::ReadLedger]));
}

#[test]
fn the_ledger_shows_its_chain_and_says_when_it_is_broken() {
    let mut desk = connected();
    desk.must_say("chain verified");
    desk.go(Page::Ledger).must_say("The chain holds from entry 1 to 2").must_say("Entry 2: staged by lan");
    let mut view = fixture::ledger(Some(fixture::request_view(&[])), RequestStatus::Open);
    view.broken = Some("entry 2 does not hold the hash of entry 1".to_owned());
    desk.hear(Event::LedgerRead(Arc::new(view)));
    desk.must_say("The chain is broken: entry 2").must_say("ledger chain broken");
}

#[test]
fn an_open_transaction_of_another_session_is_named_and_not_ended() {
    let mut diagnosis = fixture::diagnosis(Mode::InTransaction);
    diagnosis.facts.open = vec![fixture::open_transaction()];
    let mut desk = connected();
    let survey = countersign::session::Survey {
        catalog: countersign::review::Catalog::default(),
        review: fixture::review(),
        census: fixture::census(),
        comparison: countersign::census::Comparison { rows: fixture::rows() },
        diagnosis,
    };
    desk.hear(Event::Surveyed(Arc::new(survey)));
    // D-15: pid, user, application, age, state and locks; the owner's ROLLBACK is the way.
    desk.must_say("pid 4242 · deploy · idle in transaction")
        .must_say("open for 12 min")
        .must_say("AccessExclusiveLock on public.governance_ruleset");
    desk.must_say("Ask the owner to send ROLLBACK");
}

#[test]
fn the_tree_lights_the_taken_path_with_its_facts() {
    let mut desk = connected();
    desk.go(Page::Overview);
    desk.must_say("Does something depend on it? yes: governance_candidate_state refers to governance_ruleset");
    desk.must_say("97.4 Ordered reversal: this branch holds");
    desk.must_not_say("97.3 Reversal of one step: this branch holds");
    desk.must_say("SB-10: public.governance_candidate_state depends on public.governance_ruleset by foreign key");
    desk.must_say("Component SB-10: isolated, place");
    desk.click("2 SB-13: isolated, not staged").must_say("97.3 Reversal of one step: this branch holds");
}

#[test]
fn an_idle_window_asks_for_no_frame() {
    let mut desk = connected();
    for page in Page::ALL {
        desk.go(page);
        desk.harness.run_steps(4);
        let delay =
            desk.harness.output().viewport_output.values().map(|viewport| viewport.repaint_delay).min().unwrap();
        let least = if page == Page::Approvals { 30 } else { 3_600 };
        assert!(delay.as_secs() >= least, "{page:?} asks for a frame in {delay:?}");
    }
}

#[test]
fn a_session_that_is_gone_is_said_once() {
    let mut desk = connected();
    let (events, _) = std::sync::mpsc::channel();
    desk.events = events;
    desk.harness.run_steps(3);
    desk.must_say("The session has ended");
    assert!(!desk.can("Look again"));
}

#[test]
fn preferences_of_another_program_version_are_read_as_far_as_they_go() {
    let prefs: Prefs = serde_json::from_str(r#"{"zoom":1.25,"unknown":{"a":1}}"#).unwrap();
    assert!((prefs.zoom - 1.25).abs() < f32::EPSILON);
}

#[test]
fn the_theme_is_changed_and_remembered() {
    let mut desk = Desk::new();
    desk.click("Dark");
    assert!(desk.harness.ctx.theme() == eframe::egui::Theme::Dark);
    let kept = desk.files.0.lock().unwrap()[&PathBuf::from("/prefs.json")].clone();
    assert!(String::from_utf8(kept).unwrap().contains(r#""theme": "dark""#));
}

#[test]
fn what_no_page_shows_in_its_place_is_shown_in_full_until_dismissed() {
    let mut desk = connected();
    desk.hear(failed(FailureKind::Refused, "lan@example.test requested this and may not approve it"));
    desk.must_say("lan@example.test requested this and may not approve it").must_say("Try this next.");
    desk.click("Dismiss").must_not_say("may not approve it");
}

#[test]
fn a_home_without_a_folder_for_settings_remembers_too() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join(".config/countersign/window.json");
    let prefs = Prefs { zoom: 1.25, ..Prefs::default() };
    prefs.write(&DiskFolders, &path).unwrap();
    let kept: Prefs = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    assert_eq!(kept, prefs);
    // What cannot be made is said, and nothing is lost.
    let refused = prefs.write(&DiskFolders, &path.join("below/a/file.json")).unwrap_err();
    assert!(refused.to_string().contains("cannot write"), "{refused}");
}
