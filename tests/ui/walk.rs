//! The whole comparison on the sample's own database: before and after the reversal of SB-2, and the trigger text of SB-1.

use std::path::PathBuf;
use std::sync::Arc;

use countersign::adapter::files::DiskFolders;
use countersign::adapter::postgres::{Postgres, Surroundings};
use countersign::census::{Baseline, Census, CompareScope, compare};
use countersign::cli::demo::{PrivateDemo, private_with};
use countersign::digest::Digest;
use countersign::ledger::{RequestStatus, State};
use countersign::port::Folders as _;
use countersign::runbook::{Runbook, parse};
use countersign::session::{Event, Survey, read_baseline, survey, take_baseline};
use countersign::ui::Page;
use egui_kittest::kittest::Queryable as _;

use super::desk::Desk;
use super::fixture;
use super::pictures::picture;
use crate::support::run;

/// The sample, built, on a server of its own.
struct Sample {
    demo: PrivateDemo,
    runbook: Runbook,
    before: Baseline,
}

impl Sample {
    fn new() -> Self {
        let binaries = std::env::var_os("COUNTERSIGN_PG_BINDIR").map(Into::into);
        let demo = run(private_with(None, binaries)).expect("a private demo");
        let (runbook, _) = parse(&DiskFolders.read_folder(&demo.up.runbook).expect("the runbook's folder"));
        let text = std::fs::read_to_string(&demo.up.baseline).expect("the baseline's file");
        let before = read_baseline(text.trim_end_matches('\n')).expect("a baseline");
        Self { demo, runbook, before }
    }

    fn open(&self) -> Postgres {
        Postgres::new(&self.demo.up.url, Surroundings::default()).expect("the demo's connection text")
    }

    fn load(&self, path: &str) {
        let text = std::fs::read_to_string(self.demo.up.runbook.join(path)).expect("a script of the sample");
        run(self.open().load(&text)).unwrap_or_else(|error| panic!("{path}: {error}"));
    }

    /// Writes one row that has nothing to do with the phase to each growing table, as others do all the time.
    fn grow(&self) {
        let organic = "INSERT INTO public.birth_registry (source_table, entity_code) VALUES ('task_card', 'T-1');
INSERT INTO public.event_outbox (event_domain, event_type, payload) VALUES ('task', 'task.card.moved', '{}')";
        run(self.open().load(organic)).expect("two organic rows");
    }

    fn look(&self) -> Survey {
        run(survey(&self.open(), &self.runbook, Some(&self.before))).expect("a survey")
    }

    fn census(&self, label: &str) -> Baseline {
        run(take_baseline(&self.open(), &self.runbook, label)).expect("a baseline")
    }
}

/// A window that shows the comparison of the sample.
fn desk(sample: &Sample) -> Desk {
    let mut desk = Desk::new();
    desk.hear(fixture::opened_with(sample.runbook.clone()));
    desk.hear(fixture::connected(countersign::session::Environment::Staging));
    let baseline = Arc::new(sample.before.clone());
    desk.hear(Event::BaselineOpened { path: PathBuf::from("/runbooks/before.json"), baseline });
    desk.go(Page::Compare);
    desk
}

#[test]
fn the_views_and_tables_of_sb_2_go_and_nothing_else_moves() {
    let sample = Sample::new();
    let mut desk = desk(&sample);
    desk.hear(Event::Surveyed(Arc::new(sample.look())));
    desk.type_into("Search", "owner");
    for check in ["owner-gap-view", "effective-owner-view"] {
        desk.must_say(&format!("{check}: drifted, expected absent, now "));
    }
    let built = sample.census("after the build");
    sample.load("reversal/sb-2.sql");
    desk.hear(Event::Surveyed(Arc::new(sample.look())));
    for check in ["owner-gap-view", "effective-owner-view"] {
        desk.must_say(&format!("{check}: same, expected absent, now absent"));
    }
    // Side by side with the truth after the build: exactly what belongs to SB-2 differs.
    sample.grow();
    let reversed = sample.census("after SB-2 was reversed");
    let mut ledger = fixture::ledger(None, RequestStatus::Open);
    let dated = |baseline: &Baseline, at: &str| {
        let census = Census { taken_at: fixture::at(at), ..baseline.census.clone() };
        Baseline { census, ..baseline.clone() }
    };
    let built = Arc::new(dated(&built, "2026-06-01T13:02:00Z"));
    let text = serde_json::to_string(&dated(&reversed, "2026-06-01T14:18:00Z")).expect("a baseline as text");
    ledger.state =
        Arc::new(State { baselines: vec![(Digest::of(text.as_bytes()), text)], ..State::clone(&ledger.state) });
    desk.hear(Event::BaselineOpened { path: PathBuf::from("/runbooks/built.json"), baseline: built.clone() });
    desk.hear(Event::LedgerRead(Arc::new(ledger)));
    let rows =
        compare(&sample.runbook.checks, Some(&built), &reversed.census, CompareScope::StepsAndHeld(&[], &built.census));
    let of_step: Vec<_> = sample.runbook.checks.iter().filter(|check| check.steps == ["SB-2".into()]).collect();
    assert!(rows.failures().count() >= 4, "{:?}", rows.failures().map(|row| row.id.clone()).collect::<Vec<_>>());
    for row in rows.failures() {
        assert!(of_step.iter().any(|check| check.id == row.id), "{} moved and is not of SB-2", row.id);
    }
    desk.hear(Event::Surveyed(Arc::new(sample.look())));
    desk.click("Side by side");
    desk.must_say("owner-gap-view: missing, from ");
    // What grows by itself would make every comparison another one.
    for check in ["birth-registry", "event-outbox"] {
        desk.type_into("Check to leave out", check).click("Leave out");
    }
    picture(desk, "walk-sb2");
}

#[test]
fn the_trigger_text_of_sb_1_is_opened_word_by_word() {
    let sample = Sample::new();
    let mut desk = desk(&sample);
    desk.hear(fixture::ledger_read(&[]));
    sample.grow();
    desk.hear(Event::Surveyed(Arc::new(sample.look())));
    desk.type_into("Search", "trigger fix");
    desk.must_say("apr-birth-trigger: same");
    // D-31: the emergency revert, and what it breaks.
    let drop = "DROP TRIGGER trg_birth_apr_action_types ON public.apr_action_types";
    run(sample.open().load(drop)).expect("dropped");
    sample.load("captured/trg_birth_apr_action_types.before-phase1.sql");
    desk.hear(Event::Surveyed(Arc::new(sample.look())));
    desk.must_say("apr-birth-trigger: drifted");
    desk.harness.get_by_label_contains("apr-birth-trigger: drifted").click();
    for _ in 0..400 {
        desk.harness.run_steps(1);
        if desk.says("changed:") || desk.says("Query") {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    desk.must_say("The F-83-1 trigger fix is kept");
    picture(desk, "walk-sb1");
}
