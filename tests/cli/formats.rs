//! What `check` prints in each form, and that standard output holds nothing else.

use serde_json::Value;

use crate::pipeline::demo::{countersign, text};

/// A copy of the sample runbook, with a reversal that blocks.
fn blocking() -> tempfile::TempDir {
    let folder = tempfile::Builder::new().prefix("cs").tempdir().unwrap();
    let sample = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/runbooks/orders-archive");
    copy(&sample, folder.path());
    let reversal = folder.path().join("reversal");
    let script = std::fs::read_dir(reversal).unwrap().next().unwrap().unwrap().path();
    let text = std::fs::read_to_string(&script).unwrap() + "\nDROP TABLE public.\"not ours\" CASCADE;\n";
    std::fs::write(script, text).unwrap();
    folder
}

fn copy(from: &std::path::Path, to: &std::path::Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let place = entry.unwrap().path();
        let target = to.join(place.file_name().unwrap());
        if place.is_dir() { copy(&place, &target) } else { _ = std::fs::copy(&place, &target).unwrap() }
    }
}

#[test]
fn each_form_says_the_same_and_ends_with_the_same_code() {
    let folder = blocking();
    let folder = text(folder.path());
    let lines = countersign(&["check", folder]).fails(1, "blocking notes").out;
    assert!(lines.contains("[cascade]"), "{lines}");
    assert_eq!(countersign(&["check", folder, "--format", "text"]).fails(1, "blocking").out, lines);
    let json = countersign(&["check", folder, "--format", "json"]).fails(1, r#""exit_code":1"#).json();
    assert_eq!(countersign(&["check", folder, "--json"]).fails(1, r#""exit_code":1"#).json(), json);
    let sarif = countersign(&["check", folder, "--format", "sarif"]).fails(1, "error: ").json();
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    let count = |name: &str| json[name].as_array().or_else(|| json["review"][name].as_array()).unwrap().len();
    assert_eq!(results.len(), count("diagnostics") + count("notes"));
    let errors = results.iter().filter(|result| result["level"] == "error").count();
    let is_block = |note: &&Value| note["severity"] == "block";
    assert_eq!(errors, json["review"]["notes"].as_array().unwrap().iter().filter(is_block).count());
}

#[test]
fn two_forms_at_once_are_refused() {
    countersign(&["--json", "check", ".", "--format", "sarif"]).fails(2, "two forms");
    countersign(&["check", "--rules", "--format", "sarif"]).fails(2, "found in a runbook");
    countersign(&["check", ".", "--format", "xml"]).fails(2, "xml");
    countersign(&["check", "nowhere", "--format", "sarif"]).fails(2, "cannot read");
    assert!(countersign(&["check", "--rules", "--format", "json"]).ok().json().is_array());
}
