//! The sample runbook on its own database: it is clean, it reverses, and every drill is called by its name.

mod demo;
mod reversal;

use std::fs;
use std::path::Path;

use countersign::adapter::files::DiskFolders;
use countersign::adapter::postgres::{Postgres, Surroundings};
use countersign::census::Baseline;
use countersign::cli::demo::{DemoUp, PrivateDemo, Scenario, private_with};
use countersign::diagnose::Mode;
use countersign::port::Folders as _;
use countersign::review::{Review, Severity, review};
use countersign::runbook::{Runbook, parse};
use countersign::session::{Survey, read_baseline, survey};

/// Returns a private demo, with the server programs the tests are asked to use.
async fn demo(scenario: Option<Scenario>) -> PrivateDemo {
    let binaries = std::env::var_os("COUNTERSIGN_PG_BINDIR").map(Into::into);
    private_with(scenario, binaries).await.expect("a private demo")
}

fn open(up: &DemoUp) -> Postgres {
    Postgres::new(&up.url, Surroundings::default()).expect("the demo's connection text")
}

fn runbook(folder: &Path) -> Runbook {
    let (runbook, diagnostics) = parse(&DiskFolders.read_folder(folder).expect("the runbook's folder"));
    assert_eq!(diagnostics, [], "the sample has something to mend");
    runbook
}

fn baseline(up: &DemoUp) -> Baseline {
    let text = fs::read_to_string(&up.baseline).expect("the baseline's file");
    read_baseline(text.trim_end_matches('\n')).expect("a baseline")
}

async fn look(up: &DemoUp) -> Survey {
    let runbook = runbook(&up.runbook);
    survey(&open(up), &runbook, Some(&baseline(up))).await.expect("a survey")
}

fn nothing_blocks(review: &Review) {
    let found: Vec<String> = review
        .notes
        .iter()
        .filter(|note| note.severity != Severity::Note)
        .map(|note| format!("{} {}:{} {}", note.rule, note.place.file, note.place.line, note.message))
        .collect();
    assert!(found.is_empty(), "the sample's scripts are not clean:\n{}", found.join("\n"));
}

/// Looks at a demo and says in one line each: the mode, the reasons to stop, the steps.
async fn diagnosis(scenario: Option<Scenario>) -> String {
    let demo = demo(scenario).await;
    let survey = look(&demo.up).await;
    let mut lines = vec![word(survey.diagnosis.mode).to_owned()];
    // A reason begins with what found it: `event-emitted: …`.
    let named = survey.diagnosis.stop.iter().map(|reason| reason.split(':').next().unwrap_or(reason));
    lines.push(named.collect::<Vec<_>>().join(" "));
    let steps = survey.diagnosis.steps.iter().map(|step| {
        let first: Vec<String> = step.first.iter().map(|dependant| dependant.name.name.clone()).collect();
        let first = if first.is_empty() { String::new() } else { format!("({})", first.join(",")) };
        format!("{}={}{first}", step.step, word(step.mode))
    });
    lines.push(steps.collect::<Vec<_>>().join(" "));
    lines.join("\n")
}

fn word(mode: Mode) -> &'static str {
    match mode {
        Mode::NotApplied => "not-applied",
        Mode::Isolated => "isolated",
        Mode::Ordered => "ordered",
        Mode::InTransaction => "in-transaction",
        Mode::Stop => "stop",
    }
}

async fn check(scenario: Option<Scenario>, expected: &str) {
    assert_eq!(diagnosis(scenario).await, expected, "{scenario:?}");
}

/// A drill that stops everything, and what names it.
async fn check_stop(scenario: Scenario, reasons: &str) {
    let steps = "SB-12=stop SB-13=stop SB-10=stop SB-11=stop SB-2=stop SB-1=stop";
    check(Some(scenario), &format!("stop\n{reasons}\n{steps}")).await;
}

#[test]
fn the_sample_parses_and_reviews_without_a_database() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/runbooks/phase1-governance");
    let mut files = DiskFolders.read_folder(&folder).expect("the sample's folder");
    // The roster is made with the demo's keys; one key twice would be refused, so this one person stands alone.
    files.0.remove("roster.toml");
    let (runbook, diagnostics) = parse(&files);
    let elsewhere: Vec<_> = diagnostics.iter().filter(|found| found.file != "roster.toml").collect();
    assert!(elsewhere.is_empty(), "{elsewhere:#?}");
    nothing_blocks(&review(&runbook, None));
    for step in &runbook.steps {
        assert!(runbook.checks.iter().any(|check| check.steps.contains(&step.id)), "{} has no check", step.id);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_healthy_demo_waits_for_its_children_only() {
    let demo = demo(None).await;
    nothing_blocks(&look(&demo.up).await.review);
    drop(demo);
    check(
        None,
        "ordered\n\nSB-12=ordered(governance_candidate_state) SB-13=isolated SB-10=isolated SB-11=isolated SB-2=isolated SB-1=isolated",
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_undeclared_child_goes_first() {
    check(
        Some(Scenario::DependentChild),
        "ordered\n\nSB-12=ordered(governance_candidate_state) SB-13=isolated SB-10=isolated SB-11=isolated SB-2=ordered(scope_review_note) SB-1=isolated",
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forgotten_transaction_is_told_from_a_committed_step() {
    check(
        Some(Scenario::OpenTransaction),
        "in-transaction\n\nSB-12=ordered(governance_candidate_state) SB-13=in-transaction SB-10=isolated SB-11=isolated SB-2=isolated SB-1=isolated",
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_emitted_event_stops() {
    check_stop(Scenario::EventEmitted, "event-emitted outbox-governance").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_authorisation_stops() {
    check_stop(Scenario::MissingApprovalRow, "missing-approval-row os-proposal-approvals").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_handler_stops() {
    check_stop(Scenario::HandlerRefFlipped, "handler-ref-flipped").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_altered_relation_stops() {
    check_stop(
        Scenario::RelationsAltered,
        "relations-altered governance-relations-rows governance-relations-definition",
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_escalated_guard_stops() {
    check_stop(Scenario::GuardError, "guard-escalated").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_count_that_cannot_be_reconciled_stops() {
    check_stop(Scenario::DriftedCount, "relations-not-reconciled governance-relations governance-relations-rows").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_shared_table_stops() {
    check_stop(Scenario::SharedTableDamaged, "event-types-rest").await;
}
