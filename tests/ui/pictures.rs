//! Pictures of the window, kept beside the tests; the README shows some of them.
//!
//! `UPDATE_SNAPSHOTS=1 cargo test --test house ui::pictures` writes them anew.

use std::path::PathBuf;
use std::sync::Arc;

use countersign::diagnose::Mode;
use countersign::ledger::RequestStatus;
use countersign::run::{Finished, Outcome, RunToken};
use countersign::session::{Environment, Event, Failure, FailureKind};
use countersign::ui::Page;
use eframe::egui::{Key, Modifiers, Theme, vec2};
use egui_kittest::SnapshotOptions;
use egui_kittest::kittest::Queryable as _;

use super::desk::{Desk, Setting};
use super::fixture;

fn furnished(setting: Setting) -> Desk {
    let mut desk = Desk::with(setting);
    desk.hear(fixture::opened());
    desk.hear(fixture::connected(Environment::Staging));
    desk.hear(fixture::ledger_read(&["minh@example.test"]));
    let baseline = Arc::new(fixture::baseline("before the build"));
    desk.hear(Event::BaselineOpened { path: PathBuf::from("/runbooks/before.json"), baseline });
    desk.hear(fixture::survey(Mode::Isolated));
    desk.hear(fixture::survey(Mode::Isolated));
    desk.hear(fixture::rehearsed(fixture::rehearsal()));
    desk
}

fn light() -> Setting {
    Setting::default()
}

fn dark() -> Setting {
    Setting { theme: Theme::Dark, ..Setting::default() }
}

pub fn picture(mut desk: Desk, name: &str) {
    desk.harness.run_steps(3);
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/ui/snapshots");
    desk.harness.snapshot_options(name, &SnapshotOptions::new().output_path(folder));
}

fn failed() -> Event {
    Event::Failed(Failure {
        kind: FailureKind::CannotConnect,
        message: "cannot connect: db-1:5432 refused the connection".to_owned(),
        hint: "Check that the server runs and that PGHOST and PGPORT are right.".to_owned(),
    })
}

fn lost() -> Outcome {
    let token = RunToken {
        run: "77aa0c1e".to_owned(),
        stage: 0,
        xid: "90412".to_owned(),
        pid: 4242,
        backend_start: "2026-06-01 14:19:00+00".to_owned(),
        system_identifier: "7361112233445566778".to_owned(),
        timeline: 1,
    };
    Outcome::Unknown {
        token,
        reason: "The connection was lost after COMMIT was sent.".to_owned(),
        committed: Vec::new(),
    }
}

#[test]
fn the_shelf_in_the_light() {
    picture(super::findings::opened(light()), "findings-light");
}

#[test]
fn the_shelf_in_a_small_window() {
    picture(super::findings::opened(Setting { size: vec2(960.0, 640.0), ..light() }), "findings-small");
}

#[test]
fn overview_in_the_light() {
    let mut desk = furnished(light());
    desk.go(Page::Overview);
    picture(desk, "overview-light");
}

#[test]
fn compare_in_the_dark_with_a_definition_open() {
    let mut desk = furnished(dark());
    desk.go(Page::Compare);
    desk.harness.get_by_label_contains("birth-trigger: drifted").click();
    for _ in 0..200 {
        desk.harness.run_steps(1);
        if desk.says("changed:") {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    picture(desk, "compare-dark");
}

#[test]
fn three_sides_with_a_definition_open_in_a_small_dark_window() {
    let mut desk = super::compare::sides(Setting { size: vec2(960.0, 640.0), ..dark() });
    super::compare::choose(&mut desk, "Second side", "Inside the rehearsal");
    super::compare::choose(&mut desk, "Third side", "After the run");
    picture(desk, "compare-sides-small");
}

#[test]
fn a_small_result_row_by_row_in_the_light() {
    picture(super::compare::rows(light()), "compare-rows");
}

#[test]
fn approvals_in_the_light() {
    let mut desk = furnished(light());
    desk.go(Page::Approvals);
    picture(desk, "approvals-light");
}

#[test]
fn rehearsal_in_the_dark() {
    let mut desk = furnished(dark());
    desk.go(Page::Rehearsal);
    picture(desk, "rehearsal-dark");
}

#[test]
fn effects_in_a_small_window() {
    let mut desk = furnished(Setting { size: vec2(960.0, 640.0), ..light() });
    desk.hear(fixture::rehearsed(fixture::spoiled()));
    desk.go(Page::Rehearsal).click("Effects seen");
    picture(desk, "effects-small");
}

#[test]
fn a_lock_timeout_in_the_light() {
    let mut desk = furnished(light());
    desk.hear(fixture::rehearsed(fixture::gave_up()));
    desk.go(Page::Rehearsal);
    picture(desk, "gave-up");
}

#[test]
fn script_at_150_percent() {
    let mut desk = furnished(Setting { zoom: 1.5, size: vec2(864.0, 540.0), ..light() });
    desk.go(Page::Script);
    picture(desk, "script-zoomed");
}

#[test]
fn compare_in_a_small_window() {
    let mut desk = furnished(Setting { size: vec2(960.0, 640.0), ..light() });
    desk.go(Page::Compare);
    picture(desk, "compare-small");
}

#[test]
fn vietnamese_names_that_are_long() {
    let mut runbook = fixture::runbook();
    runbook.title = "Giai đoạn 1: hoàn tác và khôi phục sau thảm họa cho toàn bộ hệ thống quản trị".to_owned();
    for step in &mut runbook.steps {
        step.title = "Bảng quy tắc quản trị và dòng dấu vân tay của nó, kể cả những bảng phụ thuộc".to_owned();
    }
    let mut rows = fixture::rows();
    for row in &mut rows {
        row.title = format!("Số lượng loại hành động được phê duyệt: {}", row.title);
    }
    let mut desk = Desk::with(Setting { size: vec2(960.0, 640.0), ..light() });
    desk.hear(fixture::opened_with(runbook));
    desk.hear(fixture::connected(Environment::Production));
    desk.hear(fixture::ledger_read(&[]));
    desk.hear(fixture::survey_of(Mode::Isolated, rows));
    desk.go(Page::Compare);
    picture(desk, "vietnamese");
}

#[test]
fn empty() {
    picture(Desk::with(Setting { size: vec2(960.0, 640.0), ..light() }), "empty");
}

#[test]
fn loading() {
    let mut desk = Desk::with(Setting { size: vec2(960.0, 640.0), ..dark() });
    desk.hear(fixture::opened());
    desk.hear(fixture::connected(Environment::Development));
    desk.hear(fixture::ledger_read(&[]));
    desk.hear(Event::Began("Taking a census of directus".to_owned()));
    desk.go(Page::Compare);
    picture(desk, "loading");
}

#[test]
fn failing_to_connect() {
    let mut desk = Desk::with(Setting { size: vec2(960.0, 640.0), ..light() });
    desk.hear(fixture::opened());
    desk.type_into("Connection URL or key=value text", "postgres://ops@db-1/directus").click("Connect");
    desk.hear(failed());
    picture(desk, "failed");
}

#[test]
fn stopped() {
    let mut desk = furnished(light());
    desk.hear(fixture::stopped());
    desk.hear(fixture::survey(Mode::Stop));
    desk.go(Page::Overview);
    picture(desk, "stopped");
}

/// The stop screen while its restart is under way.
fn stop(setting: Setting, held: fixture::Held, name: &str) {
    let mut desk = furnished(setting);
    desk.hear(fixture::held(held));
    desk.hear(fixture::restart_seen());
    desk.go(Page::Stop);
    picture(desk, name);
}

#[test]
fn a_stop_in_the_light() {
    stop(light(), fixture::Held::Stopped, "stop-light");
}

#[test]
fn a_restart_in_the_dark() {
    stop(dark(), fixture::Held::Diverged, "stop-dark");
}

#[test]
fn a_restart_in_a_small_window() {
    stop(Setting { size: vec2(960.0, 640.0), ..light() }, fixture::Held::Diverged, "stop-small");
}

#[test]
fn unknown() {
    let mut desk = furnished(dark());
    let view = fixture::request_view(&["minh@example.test", "huong@example.test"]);
    desk.hear(Event::LedgerRead(Arc::new(fixture::ledger(Some(view), RequestStatus::Ended(lost())))));
    desk.go(Page::Run);
    picture(desk, "unknown");
}

/// A roster, and what is proposed to follow it.
fn roster(setting: Setting, name: &str) {
    let mut desk = furnished(setting);
    desk.hear(fixture::roster_read(Some(true)));
    desk.go(Page::Roster);
    picture(desk, name);
}

#[test]
fn a_roster_and_what_is_proposed_in_the_light() {
    roster(light(), "roster-light");
}

#[test]
fn a_roster_and_what_is_proposed_in_the_dark() {
    roster(dark(), "roster-dark");
}

#[test]
fn every_page_for_looking() {
    // Not kept: a folder to look through while the window is being changed.
    let Some(folder) = std::env::var_os("COUNTERSIGN_LOOK").map(PathBuf::from) else { return };
    for (name, theme) in [("light", Theme::Light), ("dark", Theme::Dark)] {
        for page in Page::ALL {
            let mut desk = furnished(Setting { theme, ..Setting::default() });
            desk.go(page);
            desk.harness.render().unwrap().save(folder.join(format!("{name}-{}.png", page.word()))).unwrap();
        }
        let mut desk = furnished(Setting { theme, ..Setting::default() });
        desk.harness.key_press_modifiers(Modifiers::COMMAND, Key::K);
        desk.harness.run_steps(4);
        desk.harness.render().unwrap().save(folder.join(format!("{name}-palette.png"))).unwrap();
        let mut desk = furnished(Setting { theme, ..Setting::default() });
        desk.go(Page::Rehearsal).click("Rehearse or stage");
        desk.harness.render().unwrap().save(folder.join(format!("{name}-stage.png"))).unwrap();
        let mut desk = furnished(Setting { theme, ..Setting::default() });
        desk.hear(fixture::ledger_read(&["minh@example.test", "huong@example.test"]));
        desk.go(Page::Run);
        super::approve::choose(&mut desk, "run", "lan@example.test");
        desk.click("Commit 4 statements to directus on db-1…");
        desk.harness.render().unwrap().save(folder.join(format!("{name}-confirm.png"))).unwrap();
        for (size, setting) in [
            ("", Setting { theme, ..Setting::default() }),
            ("-small", Setting { theme, size: vec2(960.0, 640.0), ..Setting::default() }),
            ("-zoomed", Setting { theme, zoom: 1.5, size: vec2(864.0, 540.0), ..Setting::default() }),
        ] {
            let mut desk = super::findings::two_baselines(setting);
            desk.type_into("Checks to leave out, by id, with commas between them", "rules");
            desk.harness.render().unwrap().save(folder.join(format!("{name}-two-baselines{size}.png"))).unwrap();
        }
        for (size, setting) in [
            ("", Setting { theme, ..Setting::default() }),
            ("-small", Setting { theme, size: vec2(960.0, 640.0), ..Setting::default() }),
            ("-zoomed", Setting { theme, zoom: 1.5, size: vec2(864.0, 540.0), ..Setting::default() }),
        ] {
            let mut desk = super::compare::sides(setting.clone());
            super::compare::choose(&mut desk, "Third side", "Now");
            desk.type_into("Check to leave out", "only-here").click("Leave out");
            desk.harness.get_by_label_contains("birth-trigger: ").click();
            desk.harness.run_steps(40);
            desk.harness.render().unwrap().save(folder.join(format!("{name}-sides{size}.png"))).unwrap();
            let mut desk = super::compare::rows(setting);
            desk.harness.render().unwrap().save(folder.join(format!("{name}-rows{size}.png"))).unwrap();
        }
        for (about, rehearsal) in [("spoiled", fixture::spoiled()), ("gave-up", fixture::gave_up())] {
            for (size, setting) in [
                ("", Setting { theme, ..Setting::default() }),
                ("-small", Setting { theme, size: vec2(960.0, 640.0), ..Setting::default() }),
                ("-zoomed", Setting { theme, zoom: 1.5, size: vec2(864.0, 540.0), ..Setting::default() }),
            ] {
                let mut desk = furnished(setting);
                desk.hear(fixture::rehearsed(rehearsal.clone()));
                desk.go(Page::Rehearsal);
                let place = |part: &str| folder.join(format!("{name}-{about}{part}{size}.png"));
                desk.harness.render().unwrap().save(place("")).unwrap();
                desk.click("Effects seen");
                desk.harness.render().unwrap().save(place("-effects")).unwrap();
            }
        }
        let mut desk = furnished(Setting { theme, ..Setting::default() });
        let finished = Finished {
            outcome: Outcome::Committed,
            trace: fixture::trace(),
            entry: None,
            inside: Vec::new(),
            exit: None,
            after: Some(fixture::rehearsal().inside.remove(0)),
            tripped: None,
            failure: None,
            duration_millis: 212,
        };
        desk.hear(Event::Ran { request: "a41f09c27be3".to_owned(), finished: Arc::new(finished), finding: None });
        desk.harness.render().unwrap().save(folder.join(format!("{name}-outcome.png"))).unwrap();
    }
}
