//! Two texts side by side: what is ignored, folded, found, moved and taken away.

use countersign::ui::Page;
use eframe::egui::Key;

use super::desk::Desk;
use super::fixture;

/// A script of many lines against its build script: one line changed near the end, a block that stands elsewhere, and SQL
/// written in another form.
fn desk() -> Desk {
    let lines = |upper: bool| -> String {
        let select = if upper { "SELECT" } else { "select" };
        (0..120).map(|n| format!("{select} {n} from lines;\n")).collect()
    };
    let block = "-- one\n-- two\n-- three\n";
    let mut runbook = fixture::runbook();
    runbook.steps[0].reversal.text = format!("{block}{}SELECT 'new';\n", lines(true));
    runbook.steps[0].build.as_mut().unwrap().text = format!("{}SELECT 'old';\n{block}", lines(false));
    let mut desk = Desk::new();
    desk.hear(fixture::opened_with(runbook));
    desk.go(Page::Script);
    desk.click("What the script is shown against");
    desk.harness.run_steps(4);
    desk.click("Against the build script");
    wait(&mut desk, "change 1 of");
    desk.click("More");
    desk
}

/// A difference is computed away from the window.
fn wait(desk: &mut Desk, words: &str) {
    for _ in 0..400 {
        desk.harness.run_steps(1);
        if desk.says(words) {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    panic!("the window never says {words:?}");
}

#[test]
fn the_form_of_sql_can_be_ignored_and_what_is_the_same_is_folded() {
    let mut desk = desk();
    desk.click("Ignore SQL form");
    wait(&mut desk, "change 1 of 2");
    desk.click("Fold what is the same");
    desk.must_say("Unfold 114 lines the same");
    desk.must_not_say("SELECT 60 from lines;");
    desk.click("Unfold 114 lines the same");
    desk.must_not_say("Unfold").must_say("Map of change");
}

#[test]
fn search_looks_on_both_sides_and_opens_folds() {
    let mut desk = desk();
    desk.click("Ignore SQL form");
    wait(&mut desk, "change 1 of 2");
    desk.click("Fold what is the same");
    desk.type_into("Search", "select 77 ");
    desk.must_say("match 1 of 1").must_say("SELECT 77 from lines;");
    desk.type_into("Search", "x").must_say("not found");
}

#[test]
fn a_block_that_stands_elsewhere_is_called_moved_when_asked() {
    let mut desk = desk();
    desk.click("Ignore SQL form");
    wait(&mut desk, "change 1 of 2");
    desk.must_say("added: -- one").must_not_say("moved here");
    desk.click("Find moved blocks");
    wait(&mut desk, "moved here: -- one");
    desk.harness.key_press(Key::F7);
    desk.harness.run_steps(6);
    desk.must_say("moved away: -- three");
}

#[test]
fn a_difference_is_copied_as_a_patch() {
    let mut desk = desk();
    desk.click("Take away");
    desk.harness.run_steps(4);
    desk.click("Copy as a patch");
    desk.must_say("Copied the patch");
}
