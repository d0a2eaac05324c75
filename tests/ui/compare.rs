//! Compare: verdicts, filters, order, groups, details, and ten thousand rows.

use std::sync::Arc;

use countersign::census::{Comparison, Reading};
use countersign::diagnose::Mode;
use countersign::ledger::RequestStatus;
use countersign::run::{Evidence, Outcome};
use countersign::session::Event;
use countersign::ui::Page;
use egui_kittest::kittest::Queryable as _;

use super::desk::{Desk, Setting};
use super::fixture;
use super::shell::{connected, connected_with};

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

/// Presses a button and returns what is on the clipboard then.
fn copied(desk: &mut Desk, button: &str) -> String {
    desk.harness.get_by_label(button).click();
    for _ in 0..4 {
        desk.harness.run_steps(1);
        let text = desk.harness.output().platform_output.commands.iter().find_map(|command| match command {
            eframe::egui::OutputCommand::CopyText(text) => Some(text.clone()),
            _ => None,
        });
        if let Some(text) = text {
            return text;
        }
    }
    panic!("{button} copied nothing");
}

#[test]
fn it_is_copied_as_markdown_and_as_tsv() {
    let mut desk = compare();
    for (button, expect) in
        [("Copy Markdown", "| Active action types | 6 | 6 | "), ("Copy TSV", "Active action types\t6\t6\t")]
    {
        let text = copied(&mut desk, button);
        assert!(text.contains(expect), "{text}");
        assert_eq!(text.lines().count(), if button == "Copy TSV" { 12 } else { 13 });
    }
}

/// A desk that knows two baselines, what is live now, a rehearsal, and a run that ended.
pub fn sides(setting: Setting) -> Desk {
    let mut desk = connected_with(setting);
    let mut request = fixture::request_view(&[]);
    request.evidence =
        Some(Arc::new(Evidence { after: Some(Comparison { rows: fixture::rows() }), ..Evidence::default() }));
    let mut view = fixture::ledger(Some(request), RequestStatus::Ended(Outcome::Committed));
    let kept = fixture::baseline("after the build");
    let text = serde_json::to_string(&kept).unwrap();
    Arc::make_mut(&mut view.state).baselines.push((countersign::digest::Digest::of(text.as_bytes()), text));
    desk.hear(Event::LedgerRead(Arc::new(view)));
    let mut before = fixture::baseline("before the build");
    let answer = |text: &str| Reading::Value(Some(text.to_owned()));
    before.census.readings.insert("apr-active".into(), answer("6"));
    before.census.readings.insert("births".into(), answer("48000"));
    before.census.readings.insert("only-here".into(), answer("1"));
    desk.hear(Event::BaselineOpened { path: "/baseline.json".into(), baseline: Arc::new(before) });
    desk.hear(fixture::survey(Mode::Isolated));
    desk.hear(fixture::rehearsed(fixture::rehearsal()));
    desk.go(Page::Compare).click("Side by side");
    desk.harness.run_steps(2);
    desk
}

/// Chooses an offer for a side by the beginning of its name.
pub fn choose(desk: &mut Desk, side: &str, offer: &str) {
    desk.harness.get_by_label(side).click();
    desk.harness.run_steps(4);
    desk.harness.get_all_by_label_contains(offer).last().unwrap().click();
    desk.harness.run_steps(4);
}

#[test]
fn any_two_or_three_sides_are_compared() {
    let mut desk = sides(Setting::default());
    // At first the first two that are known; each may be chosen anew, and one with itself is no comparison.
    choose(&mut desk, "Second side", "before the build");
    desk.must_say("Choose sides that differ from one another").must_not_say("apr-active");
    choose(&mut desk, "Second side", "Now");
    desk.must_say("apr-active: drifted, from 6 to 10").must_say("births: drifted, from 48000 to 48223");
    desk.must_say("only-here: blind, from 1 to blind");
    choose(&mut desk, "Third side", "after the build");
    desk.must_say("only-here: blind, from 1 to blind");
    desk.click("apr-active: drifted, from 6 to 10").must_say("Third");
    // What the rehearsal saw inside stands between, and what a run left can be the last.
    choose(&mut desk, "Second side", "Inside the rehearsal");
    choose(&mut desk, "Third side", "After the run");
    desk.must_say("births: drifted, from 48000 to 48223").must_not_say("Write a finding about it");
    desk.click("Close").type_into("Search", "trigger");
    desk.harness.get_by_label_contains("birth-trigger: ").click();
    desk.harness.run_steps(4);
    choose(&mut desk, "First side", "Now");
    desk.must_say("birth-trigger: same");
}

#[test]
fn sides_are_copied_with_what_was_left_out_and_the_digest() {
    let mut desk = sides(Setting::default());
    choose(&mut desk, "Second side", "Now");
    desk.type_into("Check to leave out", "only-here").click("Leave out");
    let text = copied(&mut desk, "Copy Markdown");
    for part in [
        "before the build",
        "Left out by choice: only-here",
        "Digest: ",
        "| what | first | second | change | verdict |",
    ] {
        assert!(text.contains(part), "no {part} in {text}");
    }
    assert!(text.contains("| Active action types | 6 | 10 | +4 | drifted |"), "{text}");
}

#[test]
fn what_is_left_out_is_listed_digested_and_taken_back() {
    let mut desk = sides(Setting::default());
    choose(&mut desk, "Second side", "Now");
    desk.must_say("nothing");
    let digest = |desk: &mut Desk| copied(desk, "Copy digest");
    let all = digest(&mut desk);
    desk.type_into("Check to leave out", "only-").must_say("no side holds a check of that name");
    assert!(!desk.can("Leave out"));
    desk.type_into("Check to leave out", "here").click("Leave out");
    desk.must_not_say("only-here: blind").must_say("Compare only-here again");
    desk.harness.get_by_label_contains("apr-active: drifted").click();
    desk.harness.run_steps(3);
    desk.click("Leave this check out").must_not_say("apr-active: drifted").must_say("Compare apr-active again");
    let some = digest(&mut desk);
    assert_ne!(all, some, "what is left out is in the digest");
    // The finding begins with the same sides, and without the same checks.
    desk.click("Write a finding about it");
    desk.must_say("As chosen in Compare:")
        .must_say("Left out, named in the finding and signed: only-here, apr-active.");
    desk.go(Page::Compare);
    desk.click("Compare only-here again").click("Compare apr-active again");
    assert_eq!(digest(&mut desk), all, "nothing is left out any more");
}

/// A desk with a small result that is open, row by row.
pub fn rows(setting: Setting) -> Desk {
    let mut desk = connected_with(setting);
    let (before, now) = (
        "{\"code\":\"a\",\"label\":\"Một\"}\n{\"code\":\"b\",\"label\":\"Hai\"}",
        "{\"code\":\"a\",\"label\":\"Mốt\"}\n{\"code\":\"c\",\"label\":\"Ba\"}",
    );
    let row = fixture::row("codes", "Codes", "codes", (before, before, now), countersign::census::Verdict::Drifted);
    let row = countersign::census::Row { key: vec!["code".to_owned()], ..row };
    desk.hear(fixture::survey_of(Mode::Isolated, vec![row]));
    desk.go(Page::Compare);
    desk.harness.get_by_label_contains("codes: drifted").click();
    desk.harness.run_steps(4);
    desk
}

#[test]
fn small_results_are_compared_row_by_row() {
    let mut desk = rows(Setting::default());
    desk.must_say("1 row new, 1 row gone, 1 value changed");
    desk.must_say("label of row code = \"a\" was altered: \"Một\" → \"Mốt\"");
    desk.must_say("row code = \"b\" was dropped").must_say("row code = \"c\" was added");
    desk.click("Text");
    desk.must_not_say("1 row new");
}
