//! The six reversals on the healthy demo, children first, each verified by the checks of its own step.

use countersign::adapter::postgres::Postgres;
use countersign::census::{Baseline, CompareScope, Comparison, compare};
use countersign::cli::demo::DemoUp;
use countersign::diagnose::questions;
use countersign::port::Database as _;
use countersign::runbook::{Runbook, StepId};

use super::{baseline, demo, open, runbook};

/// Children first (97.4).
const ORDER: [&str; 6] = ["SB-1", "SB-2", "SB-11", "SB-10", "SB-13", "SB-12"];

async fn reverse(database: &Postgres, runbook: &Runbook, up: &DemoUp, id: &str) {
    let step = runbook.step(&StepId::from(id)).expect("a step of the sample");
    let mut script = step.reversal.text.clone();
    for (name, value) in &up.bindings {
        script = script.replace(&format!(":'{name}'"), &format!("'{value}'"));
    }
    // One message is one transaction.
    database.load(&script).await.unwrap_or_else(|error| panic!("{id}: {error}"));
}

async fn compared(database: &Postgres, runbook: &Runbook, baseline: &Baseline, scope: CompareScope<'_>) -> Comparison {
    let census = database.census(&questions(runbook)).await.expect("a census");
    compare(&runbook.checks, Some(baseline), &census, scope)
}

fn all_hold(comparison: &Comparison, when: &str) {
    let failures: Vec<String> = comparison
        .failures()
        .map(|row| format!("{}: expected {}, actual {:?}", row.id, row.expected, row.actual))
        .collect();
    assert!(!comparison.rows.is_empty() && failures.is_empty(), "{when}:\n{}", failures.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn each_step_is_reversed_and_verified_and_all_of_them_leave_nothing() {
    let demo = demo(None).await;
    let (database, runbook, baseline) = (open(&demo.up), runbook(&demo.up.runbook), baseline(&demo.up));
    for id in ORDER {
        let steps = [StepId::from(id)];
        let before = compared(&database, &runbook, &baseline, CompareScope::Steps(&steps)).await;
        assert!(!before.holds(), "{id}: its checks hold before it is reversed, so they prove nothing");
        reverse(&database, &runbook, &demo.up, id).await;
        all_hold(&compared(&database, &runbook, &baseline, CompareScope::Steps(&steps)).await, id);
    }
    all_hold(&compared(&database, &runbook, &baseline, CompareScope::Everything).await, "all reversed");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_parent_does_not_go_before_its_child() {
    let demo = demo(None).await;
    let database = open(&demo.up);
    let refusal = database.load("DROP TABLE public.governance_ruleset").await.expect_err("a child depends on it");
    assert!(refusal.to_string().contains("2BP01"), "{refusal}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_action_type_in_use_cannot_be_deleted() {
    let demo = demo(None).await;
    let delete = "DELETE FROM public.apr_action_types WHERE action_code = 'assign_governance_owner'";
    let refusal = open(&demo.up).load(delete).await.expect_err("approval_requests holds a RESTRICT key");
    assert!(refusal.to_string().contains("foreign key"), "{refusal}");
}
