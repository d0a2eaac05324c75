//! Compare: verdicts, filters, order, groups, details, and ten thousand rows.

use std::sync::Arc;

use countersign::diagnose::Mode;
use countersign::session::{Command, Event};
use countersign::ui::Page;
use egui_kittest::kittest::Queryable as _;

use super::desk::Desk;
use super::fixture;
use super::shell::connected;

fn compare() -> Desk {
    let mut desk = connected();
    desk.go(Page::Compare);
    desk
}

#[test]
fn every_verdict_has_its_word_and_growth_its_number() {
    let desk = compare();
    desk.must_say("apr-action-types: same, expected 10 (retired), now 10");
    desk.must_say("apr-active: drifted, expected 6, now 10");
    desk.must_say("births: grown").must_say("+12 allowed");
    desk.must_say("scan-view: missing").must_say("idle-sessions: blind");
}

#[test]
fn a_verdict_filters_and_a_search_narrows() {
    let mut desk = compare();
    desk.click("Show drifted 3").must_say("apr-active: drifted").must_not_say("outbox: same");
    desk.click("Show not as expected 5").must_say("idle-sessions: blind").must_not_say("births: grown");
    desk.click("Show all 11")
        .type_into("Search", "birth")
        .must_say("births: grown")
        .must_not_say("apr-active: drifted");
    desk.type_into("Search", " nowhere").must_say("No check is like that");
}

#[test]
fn the_gravest_come_first_and_groups_count_their_failures() {
    let mut desk = compare();
    desk.click("Gravest first");
    let top = |desk: &Desk, label: &str| desk.harness.get_by_label_contains(label).rect().top();
    assert!(top(&desk, "idle-sessions: blind") < top(&desk, "outbox: same"));
    desk.click("Group by object");
    desk.must_say("public.apr_action_types").must_say("2 of 3").must_say("1 pass");
}

#[test]
fn a_row_opens_its_query_and_whole_values() {
    let mut desk = compare();
    desk.click("apr-active: drifted, expected 6, now 10");
    desk.must_say("SELECT count(*) FROM public.apr_action_types").must_say("not rehearsed");
    desk.click("Close").must_not_say("SELECT count(*) FROM public.apr_action_types");
    desk.click("idle-sessions: blind, expected 0, now blind");
    desk.must_say("blind: the role ops lacks pg_read_all_stats");
}

#[test]
fn a_definition_opens_as_a_difference() {
    let mut desk = compare();
    {
        desk.harness.get_by_label_contains("birth-trigger: drifted").click();
    }
    for _ in 0..200 {
        desk.harness.run_steps(1);
        if desk.says("changed:") {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    desk.must_say("changed:   FOR EACH ROW EXECUTE FUNCTION fn_birth_registry_auto('action_code')")
        .must_say("change 1 of 1");
    desk.click("Unified").must_say("- changed:").must_say("+ changed:");
}

#[test]
fn ten_thousand_rows_lay_out_only_what_is_seen() {
    let mut desk = connected();
    desk.hear(fixture::survey_of(Mode::Isolated, fixture::many_rows(10_000)));
    desk.go(Page::Compare);
    desk.must_say("check-00000: same").must_say("Show all 10000");
    let laid_out = desk.harness.state().compare_rows_laid_out();
    assert!((10..=40).contains(&laid_out), "{laid_out} rows laid out");
    desk.click("Show drifted 100").must_say("check-00007: drifted");
    assert!(desk.harness.state().compare_rows_laid_out() <= 40);
}

#[test]
fn it_is_copied_as_markdown_and_as_tsv() {
    let mut desk = compare();
    let copied = |desk: &Desk| {
        desk.harness.output().platform_output.commands.iter().find_map(|command| match command {
            eframe::egui::OutputCommand::CopyText(text) => Some(text.clone()),
            _ => None,
        })
    };
    for (button, expect) in
        [("Copy Markdown", "| Active action types | 6 | 6 | "), ("Copy TSV", "Active action types\t6\t6\t")]
    {
        desk.harness.get_by_label(button).click();
        let mut text = None;
        for _ in 0..4 {
            desk.harness.run_steps(1);
            text = text.or_else(|| copied(&desk));
        }
        let text = text.expect("nothing was copied");
        assert!(text.contains(expect), "{text}");
        assert_eq!(text.lines().count(), if button == "Copy TSV" { 12 } else { 13 });
    }
}

#[test]
fn two_baselines_are_compared_with_each_other() {
    let mut desk = connected();
    let mut view = fixture::ledger(None, countersign::ledger::RequestStatus::Open);
    let kept = fixture::baseline("after the build");
    let text = serde_json::to_string(&kept).unwrap();
    Arc::make_mut(&mut view.state).baselines.push((countersign::digest::Digest::of(text.as_bytes()), text));
    desk.hear(Event::LedgerRead(Arc::new(view)));
    let baseline = Arc::new(fixture::baseline("before the build"));
    desk.hear(Event::BaselineOpened { path: "/baseline.json".into(), baseline });
    desk.hear(fixture::survey(Mode::Isolated));
    desk.go(Page::Compare).click("Two baselines");
    desk.sent();
    desk.harness.run_steps(2);
    assert!(desk.can("Compare the two"), "two different ones are chosen");
    for (label, can) in [("before the build", false), ("after the build", true)] {
        desk.harness.get_by_label("Second baseline").click();
        desk.harness.run_steps(4);
        desk.harness.get_all_by_label_contains(label).last().unwrap().click();
        desk.harness.run_steps(4);
        assert_eq!(desk.can("Compare the two"), can, "{label}");
    }
    desk.click("Compare the two");
    assert!(matches!(desk.sent().as_slice(), [Command::CompareBaselines(..)]));
    let rows = vec![fixture::row(
        "births",
        "Birth registry",
        "birth_registry",
        ("5", "5", "9"),
        countersign::census::Verdict::Drifted,
    )];
    desk.hear(Event::BaselinesCompared(Arc::new(countersign::census::Comparison { rows })));
    desk.must_say("births: drifted, expected 5, now 9").must_not_say("apr-active");
}
