//! How long a difference of two long texts takes, beside `git diff --no-index`; see benches/README.md.
//!
//! Prints milliseconds from two files to every row of the side-by-side view, the median of turns of one and the other.

#![allow(clippy::unwrap_used, reason = "a benchmark that cannot go on says so by panicking")]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use countersign::ui::{Diff, DiffJob, Ignoring};

/// Lines of each text.
const LINES: usize = 100_000;
/// Turns counted, after one that is not.
const TURNS: usize = 9;

/// Lines that are mostly different from each other, as statements are; `changed` of a hundred are others in `other`.
fn varied(other: bool, changed: usize) -> String {
    let mut text = String::new();
    for line in 0..LINES {
        let value = if other && line * 7 % 100 < changed { "retired" } else { "active" };
        writeln!(text, "UPDATE public.apr_action_types SET status = '{value}' WHERE id = {line};").unwrap();
    }
    text
}

/// Lines of which there are only five kinds, as a dump of a small code table has them.
fn few_kinds(other: bool, changed: usize) -> String {
    let mut text = String::new();
    for line in 0..LINES {
        let kind = if other && line * 7 % 100 < changed { line % 3 } else { line * line % 5 };
        writeln!(text, "INSERT INTO public.codes VALUES ({kind});").unwrap();
    }
    text
}

fn git(before: &Path, after: &Path) -> Duration {
    let begun = Instant::now();
    let mut git = Command::new("git");
    git.args(["diff", "--no-index", "--no-color"]).args([before, after]).stdout(Stdio::null());
    let status = git.status().expect("git is installed");
    assert_eq!(status.code(), Some(1), "git found a difference");
    begun.elapsed()
}

fn ours(before: &Path, after: &Path, ignoring: Ignoring) -> (Duration, Diff) {
    let begun = Instant::now();
    let text = |path: &Path| Arc::from(fs::read_to_string(path).unwrap());
    let diff = DiffJob { old: text(before), new: text(after), ignoring, finds_moved: false }.compute();
    (begun.elapsed(), diff)
}

fn median(mut turns: Vec<Duration>) -> f64 {
    turns.sort_unstable();
    turns[turns.len() / 2].as_secs_f64() * 1e3
}

fn measure(name: &str, (before, after): (&str, &str), ignoring: Ignoring) {
    let folder = tempfile::tempdir().unwrap();
    let (left, right) = (folder.path().join("before.sql"), folder.path().join("after.sql"));
    fs::write(&left, before).unwrap();
    fs::write(&right, after).unwrap();
    let (mut theirs, mut own, mut changes) = (Vec::new(), Vec::new(), 0);
    for turn in 0..=TURNS {
        let (git, (took, diff)) = (git(&left, &right), ours(&left, &right, ignoring));
        changes = diff.changes.len();
        if turn > 0 {
            theirs.push(git);
            own.push(took);
        }
    }
    assert!(changes > 0, "{name}: nothing differs");
    let (theirs, own) = (median(theirs), median(own));
    println!("{name:<36} {theirs:>8.0} {own:>10.0} {:>7.2}x {changes:>9}", theirs / own);
}

fn main() {
    println!("{LINES} lines, ms, median of {TURNS}");
    println!("{:<36} {:>8} {:>10} {:>8} {:>9}", "text", "git diff", "this", "ratio", "changes");
    for changed in [1, 10, 50] {
        let (before, after) = (varied(false, changed), varied(true, changed));
        measure(&format!("statements, {changed} % changed"), (&before, &after), Ignoring::Nothing);
    }
    let (before, after) = (varied(false, 10), varied(true, 10));
    measure("statements, 10 %, SQL form ignored", (&before, &after), Ignoring::SqlForm);
    let (before, after) = (few_kinds(false, 10), few_kinds(true, 10));
    measure("five kinds of line, 10 % changed", (&before, &after), Ignoring::Nothing);
}
