//! Reads every source file and holds the rules of the house: who may know whom, one clock, one door to COMMIT.

mod cases;
mod manual;
mod rules;
mod source;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use rules::{Fault, LOOKS_AHEAD, RULES, finished, looks_ahead, one_door_to_commit, says_what_it_is, short_enough};
use source::{Source, mark_test_files};

/// Reads every `.rs` file below a folder of the repository.
fn sources(folder: &str) -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut waiting = vec![root.join(folder)];
    let mut found = Vec::new();
    while let Some(path) = waiting.pop() {
        if path.is_dir() {
            let entries = fs::read_dir(&path).unwrap_or_else(|error| panic!("cannot list {}: {error}", path.display()));
            waiting.extend(entries.map(|entry| entry.expect("a folder's entry").path()));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text =
                fs::read_to_string(&path).unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()));
            let name = path
                .strip_prefix(root)
                .expect("BUG: a file outside the repository")
                .to_string_lossy()
                .replace('\\', "/");
            found.push(Source::read(&name, &text));
        }
    }
    mark_test_files(&mut found);
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

fn none(faults: &[Fault]) {
    let list: Vec<String> = faults.iter().map(Fault::to_string).collect();
    assert!(faults.is_empty(), "{} lines break a rule of the house:\n{}", faults.len(), list.join("\n"));
}

#[test]
fn every_source_file_keeps_the_rules() {
    let sources = sources("src");
    assert!(sources.len() > 30, "only {} files were found below src", sources.len());
    let faults: Vec<Fault> =
        sources.iter().flat_map(|source| RULES.iter().flat_map(move |rule| rule(source))).collect();
    none(&faults);
}

#[test]
fn tests_and_benches_are_finished_and_short() {
    let mut all = sources("tests");
    if Path::new(env!("CARGO_MANIFEST_DIR")).join("benches").is_dir() {
        all.extend(sources("benches"));
    }
    let faults: Vec<Fault> = all
        .iter()
        .flat_map(|source| [finished(source), short_enough(source), says_what_it_is(source)].concat())
        .collect();
    none(&faults);
}

#[test]
fn there_is_one_door_to_commit() {
    none(&one_door_to_commit(&sources("src")));
}

#[test]
fn nobody_looks_ahead_without_need() {
    let mut needed = BTreeSet::new();
    for source in sources("src") {
        let Some(room) = source.room() else { continue };
        needed.extend(source.paths().iter().filter_map(|named| looks_ahead(room, named)));
    }
    let idle: Vec<String> = (0..LOOKS_AHEAD.len())
        .filter(|line| !needed.contains(line))
        .map(|line| format!("{} → {}", LOOKS_AHEAD[line].0, LOOKS_AHEAD[line].1))
        .collect();
    assert!(idle.is_empty(), "LOOKS_AHEAD allows what nobody uses any more; delete these lines: {}", idle.join(", "));
}
