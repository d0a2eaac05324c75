//! Text that lies, scripts and their differences, Vietnamese names.

use countersign::ui::Page;

use super::desk::Desk;
use super::fixture;
use super::shell::connected;

fn with_script(sql: &str) -> Desk {
    let mut runbook = fixture::runbook();
    runbook.steps[0].reversal.text = sql.to_owned();
    let mut desk = connected();
    desk.hear(fixture::opened_with(runbook));
    desk.go(Page::Script);
    desk
}

fn wait_for(desk: &mut Desk, words: &str) {
    for _ in 0..200 {
        desk.harness.run_steps(1);
        if desk.says(words) {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    panic!("nothing on the screen says {words:?}");
}

#[test]
fn letters_that_hide_are_shown_as_what_they_are() {
    let desk = with_script("DROP TABLE a\u{202E}b;\n-- x\u{200B}y\n");
    desk.must_say("1: DROP TABLE a‹U+202E›b;").must_say("2: -- x‹U+200B›y");
    let mut desk = connected();
    let mut runbook = fixture::runbook();
    runbook.steps[0].title = "Ruleset\u{202E}gone".to_owned();
    desk.hear(fixture::opened_with(runbook));
    desk.must_not_say("\u{202E}");
}

#[test]
fn a_script_shows_notes_and_expected_rows_at_their_line() {
    let mut desk = connected();
    desk.go(Page::Script);
    desk.must_say("2: DELETE FROM evolution_snapshots · hazard · fires-trigger · 1: exactly 1 row");
    desk.must_say("5: DROP TABLE governance_ruleset; · note · locks-partner · 2: counts no rows");
    desk.must_say("3:  WHERE origin = :'origin_key';");
    // A note of the evidence panel leads to its line.
    desk.go(Page::Overview).click("reversal/sb-12.sql:5:1");
    assert_eq!(desk.harness.state().page(), Page::Script);
}

#[test]
fn a_script_is_searched() {
    let mut desk = connected();
    desk.go(Page::Script).type_into("Search", "governance").must_say("1 line found");
    desk.type_into("Search", "zzz").must_say("0 lines found");
}

#[test]
fn a_script_of_many_lines_lays_out_only_what_is_seen() {
    let sql: String = (0..50_000).map(|number| format!("-- line {number}\n")).collect();
    let desk = with_script(&sql);
    desk.must_say("1: -- line 0");
    desk.must_not_say("200: -- line 199");
}

#[test]
fn a_script_stands_beside_its_build_script() {
    use egui_kittest::kittest::Queryable as _;
    let mut desk = connected();
    desk.go(Page::Script);
    desk.harness.get_by_label("What the script is shown against").click();
    desk.harness.run_steps(4);
    desk.click("Against the build script");
    wait_for(&mut desk, "changed: CREATE TABLE governance_ruleset; → DROP TABLE governance_ruleset;");
    desk.must_say("Build · build/sb-12.sql").must_say("Reversal · reversal/sb-12.sql");
    desk.click("Next change").must_say("change 1 of 1");
    desk.click("Unified").must_say("Side by side");
}

#[test]
fn an_unreadable_part_of_a_comparison_never_looks_like_a_zero() {
    let mut desk = connected();
    desk.go(Page::Compare);
    desk.must_say("idle-sessions: blind, expected 0, now blind");
}
